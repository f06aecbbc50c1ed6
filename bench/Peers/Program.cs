using System.Runtime.InteropServices;
using Peers;
using Spectre.Console;

var arguments = Arguments.Read(args);
if (arguments.Options is not { } options)
{
    return arguments.ExitCode;
}

if (!OperatingSystem.IsLinux() || !BuiltAssemblies.AreOptimized)
{
    Console.Error.WriteLine(OperatingSystem.IsLinux() ? "Only a release build is worth measuring: add -c Release." : "bench/Peers needs Linux: it reads /proc, and the peers are Debian packages.");
    return 1;
}

// A file has no width of its own, and a table that is broken at 80 characters cannot be read there.
const int WidthInFile = 160;
if (Console.IsOutputRedirected)
{
    AnsiConsole.Profile.Width = WidthInFile;
}

using var stop = new CancellationTokenSource();
void Stop(PosixSignalContext context)
{
    context.Cancel = true;
    stop.Cancel();
}

using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, Stop);
try
{
    if (await new Measurement(options, AnsiConsole.Console).RunAsync(stop.Token))
    {
        return 0;
    }

    Console.Error.WriteLine("Some rows are invalid; the tables say why.");
    return 1;
}
catch (BenchException exception)
{
    Console.Error.WriteLine(exception.Message);
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    // As a shell says it of a program that Ctrl+C has ended.
    return 130;
}
