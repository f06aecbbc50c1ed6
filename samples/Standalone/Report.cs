using System.Globalization;
using Spectre.Console;

namespace Standalone;

/// <summary>Everything this program says, one whole message at a time.</summary>
internal sealed class Report
{
    // What is redirected is read by programs: no cell is cut or wrapped.
    private const int RedirectedWidth = 1_000;

    private readonly Lock _lock = new();
    private readonly IAnsiConsole _console = AnsiConsole.Console;

    public Report()
    {
        if (Console.IsOutputRedirected)
        {
            _console.Profile.Width = RedirectedWidth;
        }
    }

    public void Line(string text)
    {
        lock (_lock)
        {
            Console.WriteLine(text);
        }
    }

    public void Error(string text)
    {
        lock (_lock)
        {
            Console.Error.WriteLine(text);
        }
    }

    public void Ended(string name, int pid, int exitCode, IReadOnlyList<string> lastLines) => Line(string.Join(
        Environment.NewLine,
        [$"{name} (pid {pid}) ended by itself with exit code {exitCode}{(lastLines.Count == 0 ? "" : "; its last output:")}", .. lastLines.Select(line => $"  | {line}")]));

    public void TourBegins(Topology topology, StandaloneOptions options)
    {
        Line($"""
            running; to watch: {options.EdgeAdmin.Url} (edge) and {options.WireAdmin.Url} (wire), dashboard {DashboardOf(topology, options)}
            """);
    }

    public void Ready(Topology topology, StandaloneOptions options)
    {
        lock (_lock)
        {
            _console.Write(TableOf(topology));
            Console.WriteLine($"""

                try   curl {options.Edge.Url}/                  a catalog replica, the next one each time
                      curl -k {options.EdgeHttps.HttpsUrl}/              the same over TLS; without -k once 'dotnet dev-certs https --trust' was run
                      curl {options.Edge.Url}/auth/login        an auth replica, which sees /login
                      curl {options.Edge.Url}/settings/         the settings replica
                      curl {options.Edge.Url}/about             kept in the cache for 30 s
                      {options.Edge.Url}/chat/room              a room for each replica, over WebSockets; for a browser
                      curl -b jar -c jar {options.Edge.Url}/    the same catalog replica, by cookie
                      printf 'hello\n' | curl -sN -m 1 telnet://localhost:{options.Wire.Port}     an echo replica, over TCP
                      echo hello | nc -u -w 1 localhost {options.WireUdp.Port}     an echo replica, over UDP
                      curl {options.WireCatalog.Url}/                  a catalog replica through Layer 4
                      curl -k {options.WireTls.HttpsUrl}/              the same over TLS; the certificate is the replica's
                tour  type 'tour': Layer 4 and Layer 7 side by side, a claim at a time

                edge       {options.EdgeAdmin.Url}/ (live page), {options.EdgeAdmin.Url}/stats
                wire       {options.WireAdmin.Url}/ (live page), {options.WireAdmin.Url}/stats
                token      {topology.Token} for the buttons of the live pages, and for /admin
                logs       {topology.LogPath("<replica>")}
                dashboard  {DashboardOf(topology, options)}

                Type 'help' for commands; Ctrl+C or 'quit' stops everything.
                ready
                """);
        }
    }

    public void Status(Topology topology)
    {
        lock (_lock)
        {
            _console.Write(TableOf(topology));
            Console.WriteLine($"logs  {topology.LogPath("<replica>")}");
        }
    }

    private static string DashboardOf(Topology topology, StandaloneOptions options) =>
        topology.Processes.FirstOrDefault(process => process.Description.Kind == ProcessKind.Dashboard)?.Description.Address ?? WithoutDashboard(options);

    private static string WithoutDashboard(StandaloneOptions options) => options.NoDashboard
        ? "none (--no-dashboard)"
        : "none: there is no aspire command (looked at ASPIRE_CLI, .tools and PATH; run.sh installs it)";

    private static Table TableOf(Topology topology)
    {
        var table = new Table().Border(Console.IsOutputRedirected ? TableBorder.Ascii : TableBorder.Rounded);
        foreach (var column in (string[])["what", "replica", "state", "pid", "address"])
        {
            table.AddColumn(column);
        }

        foreach (var process in topology.Processes)
        {
            var description = process.Description;
            string[] cells =
            [
                description.Kind.ToString().ToLowerInvariant(),
                description.Name,
                process.State,
                process.Pid?.ToString(CultureInfo.InvariantCulture) ?? "-",
                description.Address,
            ];
            table.AddRow(cells.Select(cell => new Text(cell)));
        }

        return table;
    }
}
