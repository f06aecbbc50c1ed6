#!/usr/bin/env bash
# Runs the sample: under Aspire where Aspire's packages restore, else by samples/Standalone.
# Options: --standalone takes the second way in any case, and so does --tour, which runs the tour (docs/tour.md) and ends;
# all others go to the program that runs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. eng/machine.sh
require_dotnet

standalone=false
arguments=()
for argument in "$@"; do
  case "$argument" in
    --standalone) standalone=true ;;
    --tour | --tour=*)
      standalone=true
      arguments+=("$argument")
      ;;
    *) arguments+=("$argument") ;;
  esac
done
set -- ${arguments[@]+"${arguments[@]}"}

if ! $standalone; then
  if aspire_restores; then
    rm -f "$restore_log"
    exec dotnet run --project AppHost -- "$@"
  fi
  echo "Aspire $aspire_version does not restore from this machine's NuGet sources ($(dotnet nuget list source --format Short | sed 's/^[A-Z]* //' | paste -sd' ')): running samples/Standalone, the same topology without it."
fi

install_aspire_cli
echo "Building (the first time takes a few minutes) ..."
dotnet build samples/Standalone --nologo --verbosity quiet -clp:ErrorsOnly
rm -f "$restore_log"
exec dotnet run --no-build --project samples/Standalone -- "$@"
