@echo off
rem The aspire command brings the real dashboard; it goes into .tools, which git ignores.
setlocal
if defined ASPIRE_CLI exit /b 0
where aspire >nul 2>nul && exit /b 0
set cpu=x64
if /i "%PROCESSOR_ARCHITECTURE%"=="ARM64" set cpu=arm64
if exist ".tools\node_modules\@microsoft\aspire-cli-win-%cpu%" exit /b 0
where npm >nul 2>nul || (echo npm is not on PATH, so the aspire command is not installed and there is no dashboard.& exit /b 0)
if not exist .tools mkdir .tools
call npm install --prefix .tools --no-save --no-audit --no-fund --silent @microsoft/aspire-cli-win-%cpu%@13.5.4 || echo npm could not install the aspire command; there is no dashboard.
exit /b 0
