@echo off
rem Runs the sample: under Aspire where Aspire's packages restore, else by samples/Standalone.
rem Options: --standalone takes the second way in any case, and so does --tour, which runs the tour (docs/tour.md) and ends;
rem all others go to the program that runs.
setlocal
cd /d "%~dp0"
where dotnet >nul 2>nul || (echo The .NET SDK 10 is needed and 'dotnet' is not on PATH; see https://dotnet.microsoft.com/download 1>&2 & exit /b 1)

set args=%*
if "%~1"=="--standalone" (
  set args=%args:--standalone=%
  goto standalone
)
if "%~1"=="--tour" goto standalone
dotnet restore AppHost\AppHost.csproj >nul 2>nul
if not errorlevel 1 (
  dotnet run --project AppHost -- %args%
  exit /b
)
echo Aspire 13.5.2 does not restore from this machine's NuGet sources: running samples/Standalone, the same topology without it.

:standalone
call eng\install-aspire-cli.cmd
dotnet build samples\Standalone --nologo --verbosity quiet || exit /b 1
dotnet run --no-build --project samples\Standalone -- %args%
