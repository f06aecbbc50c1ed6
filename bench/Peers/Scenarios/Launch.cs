using System.Globalization;
using LoadBalancer.Machine;
using Peers.Contenders;
using Peers.Processes;

namespace Peers.Scenarios;

/// <summary>How a contender is started for a case: its configuration is written, its port is known.</summary>
internal sealed record Launch(Command Command, int Port)
{
    // Health checks of nginx, accepting sockets, logs.
    private const int SpareSockets = 512;

    public static Launch Prepare(Bench bench, Case @case, Contender contender, BackendFleet fleet)
    {
        var port = FreePorts.Take();
        var directory = bench.Work.Create(contender.Name);
        var single = new Dictionary<string, string>
        {
            ["port"] = Text(port),
            ["admin"] = Text(FreePorts.Take()),
            ["directory"] = directory,
            ["certificate"] = bench.CertificatePath,
            ["scheme"] = @case.Protocol == Protocol.Https ? "https" : "http",
            ["protocol"] = contender.Protocols[@case.Protocol],
            ["policy"] = contender.Policies[@case.Policy],
            ["clients"] = Text(@case.Clients + SpareSockets),
            ["metrics"] = contender.HasMetrics ? "true" : "false",
            ["collector"] = Text(fleet.Ports[0]),
            ["sockets"] = Text((2 * @case.Clients) + SpareSockets),
        };
        var lists = new Dictionary<string, IReadOnlyList<string>>
        {
            ["backend"] = [.. fleet.Ports.Select(backend => $"127.0.0.1:{Text(backend)}")],
            ["route"] = @case.Routes,
        };
        var values = new TemplateValues(single, lists);
        var command = contender.Command!(contender.WriteConfiguration(@case.JobOf(contender), directory, values));
        return new(command with { Environment = contender.Environment.ToDictionary(variable => variable.Key, variable => Template.Fill(variable.Value, values).TrimEnd()) }, port);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
