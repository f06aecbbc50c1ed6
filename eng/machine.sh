# What run.sh and test.sh need to know of the machine. Sourced, not run.

aspire_version=13.5.2
aspire_cli_version=13.5.4

require_dotnet() {
  if ! command -v dotnet >/dev/null 2>&1; then
    echo "The .NET SDK 10 is needed and 'dotnet' is not on PATH; see https://dotnet.microsoft.com/download" >&2
    exit 1
  fi
  if ! dotnet --version >/dev/null 2>&1; then
    echo "The .NET SDK 10 is needed; this machine has: $(dotnet --list-sdks | cut -d' ' -f1 | tr '\n' ' ')" >&2
    exit 1
  fi
}

# Whether this machine's NuGet sources serve Aspire. What the restore said is in $restore_log.
restore_log=$(mktemp)
trap 'rm -f "$restore_log"' EXIT
aspire_restores() {
  if dotnet restore AppHost/AppHost.csproj >"$restore_log" 2>&1; then
    return 0
  fi
  # A missing package is one thing; any other failure must not pass for it.
  if ! grep -q -e 'NU1101' -e 'NU1102' -e 'MSB4236' -e "Aspire.AppHost.Sdk" "$restore_log"; then
    cat "$restore_log" >&2
    exit 1
  fi
  return 1
}

# The aspire command brings the real dashboard; it goes into .tools, which git ignores.
install_aspire_cli() {
  if [ -n "${ASPIRE_CLI:-}" ] || command -v aspire >/dev/null 2>&1; then
    return 0
  fi
  local os cpu package
  case "$(uname -s)" in
    Linux) os=linux ;;
    Darwin) os=osx ;;
    *) return 0 ;;
  esac
  case "$(uname -m)" in
    x86_64 | amd64) cpu=x64 ;;
    arm64 | aarch64) cpu=arm64 ;;
    *) return 0 ;;
  esac
  package="@microsoft/aspire-cli-$os-$cpu"
  if [ -x ".tools/node_modules/$package/bin/aspire" ]; then
    return 0
  fi
  if ! command -v npm >/dev/null 2>&1; then
    echo "npm is not on PATH, so the aspire command is not installed and there is no dashboard."
    return 0
  fi
  mkdir -p .tools
  if ! npm install --prefix .tools --no-save --no-audit --no-fund --silent "$package@$aspire_cli_version"; then
    echo "npm could not install $package@$aspire_cli_version; there is no dashboard."
  fi
}

# The tests of the live page need a browser; without one they are skipped, and say so.
install_chromium() {
  local root=()
  if [ -n "${CHROMIUM:-}" ] || [ -x /usr/bin/chromium ] || [ -x /usr/bin/chromium-browser ] || [ -x /usr/bin/google-chrome ]; then
    return 0
  fi
  if [ "$(id -u)" -ne 0 ]; then
    root=(sudo -n)
  fi
  if ! command -v apt-get >/dev/null 2>&1 || ! ${root[@]+"${root[@]}"} true 2>/dev/null; then
    echo "There is no Chromium and it cannot be installed with apt here: the tests of the live page are skipped."
    return 0
  fi
  echo "Installing Debian's chromium for the tests of the live page ..."
  if ! { ${root[@]+"${root[@]}"} apt-get update -qq && ${root[@]+"${root[@]}"} env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } >/dev/null; then
    echo "apt could not install chromium: the tests of the live page are skipped."
  fi
}
