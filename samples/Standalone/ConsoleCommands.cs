using LoadGenerator;

namespace Standalone;

/// <summary>Commands from standard input, one a line.</summary>
internal sealed class ConsoleCommands(Topology topology, Report report)
{
    private const string Help = "commands: status | stop <replica> | start <replica> | kill <replica> | tour [<step> ...] | help | quit";

    /// <summary>Runs commands until <c>quit</c>. Where input ends, the topology runs on.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var input = new StreamReader(Console.OpenStandardInput());

        // A read from a terminal or a pipe cannot be cancelled; the thread that waits in it does not keep the program.
        while (await Task.Run(input.ReadLine, CancellationToken.None).WaitAsync(cancellation) is { } line)
        {
            var words = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            if (words is ["quit"])
            {
                return;
            }

            await RunAsync(words, cancellation);
        }

        await Task.Delay(Timeout.Infinite, cancellation);
    }

    private async Task RunAsync(string[] words, CancellationToken cancellation)
    {
        switch (words)
        {
            case []:
                break;
            case ["help"]:
                report.Line(Help);
                break;
            case ["status"]:
                report.Status(topology);
                break;
            case ["tour", .. var steps]:
                await TourAsync(steps, cancellation);
                break;
            case ["stop" or "start" or "kill", var name]:
                await RunAsync(words[0], name, cancellation);
                break;
            case ["stop" or "start" or "kill", ..]:
                report.Line($"'{words[0]}' takes one replica: {Names()}");
                break;
            default:
                report.Line($"'{string.Join(' ', words)}' is not a command; {Help}");
                break;
        }
    }

    private async Task RunAsync(string command, string name, CancellationToken cancellation)
    {
        var process = topology.Processes.FirstOrDefault(process => process.Name == name);
        switch (command, process?.Pid)
        {
            case (_, _) when process is null:
                report.Line($"'{name}' is not a replica; there are {Names()}");
                break;
            case ("start", { } pid):
                report.Line($"{name} is already running, pid {pid}");
                break;
            case ("start", null):
                await StartAsync(process, cancellation);
                break;
            case (_, null):
                report.Line($"{name} is not running");
                break;
            case ("stop", { } pid):
                report.Line($"{name} stopped, pid {pid}, exit code {await process.StopAsync()}");
                break;
            case (_, { } pid):
                report.Line($"{name} killed, pid {pid}, exit code {await process.KillAsync()}");
                break;
        }
    }

    private async Task TourAsync(string[] steps, CancellationToken cancellation)
    {
        if (TourSteps.Find(steps).Error is { } error)
        {
            report.Line(error);
            return;
        }

        try
        {
            await topology.RunTourAsync(steps, cancellation);
        }
        catch (StartException e)
        {
            report.Line(e.Message);
        }
    }

    private async Task StartAsync(ManagedProcess process, CancellationToken cancellation)
    {
        try
        {
            await process.StartAsync(cancellation);
            report.Line($"{process.Name} running, pid {process.Pid}");
        }
        catch (StartException e)
        {
            report.Line(e.Message);
        }
    }

    private string Names() => string.Join(", ", topology.Processes.Select(process => process.Name));
}
