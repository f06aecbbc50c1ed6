using System.Runtime.InteropServices;
using Standalone;

var arguments = Arguments.Read(args);
if (arguments.Options is not { } options)
{
    return arguments.ExitCode;
}

var report = new Report();
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
    using var work = WorkDirectory.Open(options.Work);
    await using var topology = Topology.Create(options, work, report);
    await topology.StartAsync(stop.Token);
    if (options.Tour is { } steps)
    {
        report.TourBegins(topology, options);
        return await topology.RunTourAsync(steps, stop.Token);
    }

    report.Ready(topology, options);
    await new ConsoleCommands(topology, report).RunAsync(stop.Token);
    return 0;
}
catch (StartException e)
{
    report.Error(e.Message);
    return 1;
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return 0;
}
