using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Net;
using LoadGenerator;

namespace Standalone;

/// <summary>What the command line asks for: the options, or none and the exit code when there is nothing to run.</summary>
internal readonly record struct Arguments(StandaloneOptions? Options, int ExitCode)
{
    public static Arguments Read(string[] args)
    {
        var edge = Port("--edge-port", 8080, "port of the HTTP listener of the Layer 7 balancer 'edge'");
        var edgeHttps = Port("--edge-https-port", 8443, "port of the HTTPS listener of the Layer 7 balancer 'edge'");
        var edgeAdmin = Port("--edge-admin-port", 9080, "port of the admin endpoint and live page of 'edge'");
        var wire = Port("--wire-port", 7000, "port of the TCP listener of the Layer 4 balancer 'wire'");
        var wireUdp = Port("--wire-udp-port", 7001, "port of the UDP listener of 'wire'");
        var wireCatalog = Port("--wire-catalog-port", 7002, "port of the TCP listener of 'wire' in front of catalog");
        var wireTls = Port("--wire-tls-port", 7443, "port of the TCP listener of 'wire' that passes TLS through to catalog");
        var wireAdmin = Port("--wire-admin-port", 9070, "port of the admin endpoint and live page of 'wire'");
        var dashboard = Port("--dashboard-port", 18888, "port of the Aspire dashboard");
        var otlpGrpc = Port("--otlp-grpc-port", 4317, "port of the dashboard's OTLP over gRPC");
        var otlpHttp = Port("--otlp-http-port", 4318, "port of the dashboard's OTLP over HTTP");
        var noDashboard = new Option<bool>("--no-dashboard") { Description = "start without the Aspire dashboard" };
        var work = new Option<string?>("--work") { Description = "directory for configuration and logs; it is kept (default: a fresh one, removed at the end)" };

        var tour = new Option<string[]>("--tour")
        {
            Description = $"run the tour, or steps of it, then stop: {TourSteps.Whole}, {string.Join(", ", TourSteps.All.Select(step => step.Name))}",
            HelpName = "step ...",
            Arity = ArgumentArity.ZeroOrMore,
            AllowMultipleArgumentsPerToken = true,
        };
        tour.Validators.Add(result =>
        {
            if (TourSteps.Find([.. result.Tokens.Select(token => token.Value)]).Error is { } error)
            {
                result.AddError($"--tour: {error}.");
            }
        });

        var command = new RootCommand("The sample topology behind its two balancers, without Aspire.")
        {
            edge, edgeHttps, edgeAdmin, wire, wireUdp, wireCatalog, wireTls, wireAdmin, dashboard, otlpGrpc, otlpHttp, noDashboard, work, tour,
        };
        var result = command.Parse(args);
        if (result.Errors.Count > 0)
        {
            Console.Error.WriteLine(result.Errors[0].Message);
            return new(null, 1);
        }

        // Help and version are actions of their own; a plain run has none.
        if (result.Action is not null)
        {
            return new(null, result.Invoke());
        }

        PortOption Value(Option<int> option) => new(option.Name, result.GetValue(option));
        return new(
            new()
            {
                Edge = Value(edge),
                EdgeHttps = Value(edgeHttps),
                EdgeAdmin = Value(edgeAdmin),
                Wire = Value(wire),
                WireUdp = Value(wireUdp),
                WireCatalog = Value(wireCatalog),
                WireTls = Value(wireTls),
                WireAdmin = Value(wireAdmin),
                Dashboard = Value(dashboard),
                OtlpGrpc = Value(otlpGrpc),
                OtlpHttp = Value(otlpHttp),
                NoDashboard = result.GetValue(noDashboard),
                Work = result.GetValue(work),
                Tour = result.GetResult(tour) is null ? null : result.GetValue(tour) ?? [],
            },
            0);
    }

    private static Option<int> Port(string name, int standard, string what) => new(name)
    {
        Description = what,
        HelpName = "1-65535",
        DefaultValueFactory = _ => standard,
        CustomParser = result => ReadPort(name, result),
    };

    private static int ReadPort(string name, ArgumentResult result)
    {
        var text = result.Tokens[0].Value;
        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port is < 1 or > IPEndPoint.MaxPort)
        {
            result.AddError($"{name} is '{text}'; it must be a port from 1 to {IPEndPoint.MaxPort}.");
        }

        return port;
    }
}
