@echo off
rem Builds and runs every test that this machine can build.
setlocal
cd /d "%~dp0"
where dotnet >nul 2>nul || (echo The .NET SDK 10 is needed and 'dotnet' is not on PATH; see https://dotnet.microsoft.com/download 1>&2 & exit /b 1)

dotnet restore AppHost\AppHost.csproj >nul 2>nul
if errorlevel 1 (
  set solution=Engine.slnf
  echo Aspire 13.5.2 does not restore from this machine's NuGet sources: testing Engine.slnf; left out are AppHost, LoadBalancer.Aspire.Hosting and its tests.
) else (
  set solution=Aspire.sln
  echo Aspire 13.5.2 restores here: testing all of Aspire.sln.
)
call eng\install-aspire-cli.cmd
dotnet build %solution% --nologo --verbosity quiet || exit /b 1
dotnet test --solution %solution% --no-build --max-parallel-test-modules 1 %*
