#!/usr/bin/env bash
# Builds and runs every test that this machine can build. Ends with "N passed, N failed, N skipped".
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. eng/machine.sh
require_dotnet

if aspire_restores; then
  solution=Aspire.sln
  echo "Aspire $aspire_version restores here: testing all of Aspire.sln."
else
  solution=Engine.slnf
  echo "Aspire $aspire_version does not restore from this machine's NuGet sources: testing Engine.slnf; left out are AppHost, LoadBalancer.Aspire.Hosting and its tests."
fi

install_aspire_cli
install_chromium
echo "Building (the first time takes a few minutes) ..."
dotnet build "$solution" --nologo --verbosity quiet -clp:ErrorsOnly

# One test program at a time: some start a dozen processes, and all of them share this machine.
log=$(mktemp)
trap 'rm -f "$restore_log" "$log"' EXIT
status=0
dotnet test --solution "$solution" --no-build --max-parallel-test-modules 1 "$@" 2>&1 | tee "$log" || status=$?

count() { sed -n "s/^ *$1: \([0-9]*\)\r\{0,1\}$/\1/p" "$log" | tail -n 1; }
passed=$(count succeeded)
failed=$(count failed)
skipped=$(count skipped)
if [ "${passed:-0}" -eq 0 ] && [ $status -eq 0 ]; then
  echo "No test was run." >&2
  status=1
fi
echo "${passed:-0} passed, ${failed:-0} failed, ${skipped:-0} skipped"
exit $status
