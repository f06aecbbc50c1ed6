using System.Diagnostics;
using System.Text.Json;
using LoadBalancer.Machine;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace LoadBalancer.EndToEnd.Tests;

// One at a time: they share the topology, and some of them kill replicas.
[Collection(nameof(StandaloneTopology))]
public sealed class TraceTests(StandaloneTopology topology)
{
    private const string ClientName = "test-client";

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Client_balancer_and_service_are_one_trace()
    {
        using var client = topology.CreateClient();
        var traceId = await RequestAsync(client, "/items", topology.Otlp.Address + "/v1/traces", OtlpExportProtocol.HttpProtobuf);

        ReceivedSpan[] Spans() => [.. topology.Otlp.Spans.Where(span => span.TraceId == traceId)];
        await Wait.UntilAsync(() => Task.FromResult(Spans().Count(span => span.Service == ClientName) == 2 && Spans().Any(span => span.Service == "catalog") && Spans().Count(span => span.Service == "edge") >= 3), () => $"the spans of trace {traceId}");

        var spans = Spans();
        var caller = spans.Single(span => span.Service == ClientName && span.Name == "GET");
        var server = spans.Single(span => span.Service == "edge" && span.ParentSpanId == caller.SpanId);
        var pick = spans.Single(span => span.Name == "pick");
        var forward = spans.Single(span => span.Service == "edge" && span.ParentSpanId == server.SpanId && span != pick);
        var service = spans.Single(span => span.Service == "catalog");
        Assert.Equal(server.SpanId, pick.ParentSpanId);
        Assert.Equal(forward.SpanId, service.ParentSpanId);
        Assert.StartsWith("catalog-", pick.Attributes["lb.backend.replica"]);
        Assert.Equal("catalog", pick.Attributes["lb.pool"]);
    }

    [Fact]
    public async Task A_connection_through_layer_4_is_one_span()
    {
        using (var client = await topology.ConnectAsync())
        {
            await StandaloneTopology.EchoAsync(client, "hello");
        }

        await Wait.UntilAsync(
            () => Task.FromResult(topology.Otlp.Spans.Any(span => span is { Service: "wire", Name: "echo connection" } && span.Attributes["lb.reason"] == "Completed")),
            () => "the span of the connection");
    }

    [Fact]
    public async Task The_trace_shows_in_the_real_dashboard()
    {
        var aspire = AspireCli.Find();
        Assert.SkipWhen(aspire is null, "There is no aspire command in .tools (npm install by run.sh or test.sh), ASPIRE_CLI or PATH.");
        var ports = FreePorts.Take(11);
        await using var standalone = TestProcess.Start(BuiltAssemblies.Standalone, [
            "--edge-port", $"{ports[0]}", "--edge-admin-port", $"{ports[1]}", "--wire-port", $"{ports[2]}", "--wire-admin-port", $"{ports[3]}",
            "--dashboard-port", $"{ports[4]}", "--otlp-grpc-port", $"{ports[5]}", "--otlp-http-port", $"{ports[6]}",
            "--edge-https-port", $"{ports[7]}", "--wire-udp-port", $"{ports[8]}", "--wire-catalog-port", $"{ports[9]}", "--wire-tls-port", $"{ports[10]}",
        ]);
        await standalone.WaitForOutputAsync("\nready");
        using var client = new HttpClient { BaseAddress = new($"http://localhost:{ports[0]}"), Timeout = Wait.Patience };

        var traceId = await RequestAsync(client, "/items", $"http://localhost:{ports[5]}", OtlpExportProtocol.Grpc);

        string[] sources = [];
        await Wait.UntilAsync(
            async () =>
            {
                sources = await SourcesAsync(aspire, $"http://localhost:{ports[4]}", traceId);
                return sources.Contains(ClientName) && sources.Any(source => source.StartsWith("edge")) && sources.Any(source => source.StartsWith("catalog-"));
            },
            () => $"client, edge and catalog in trace {traceId}; the dashboard has [{string.Join(", ", sources)}]");
        standalone.WriteLine("quit");
        Assert.Equal(0, await standalone.WaitForExitAsync());
    }

    /// <summary>Sends a request inside a client span that is exported too.</summary>
    private static async Task<string> RequestAsync(HttpClient client, string path, string otlp, OtlpExportProtocol protocol)
    {
        using var source = new ActivitySource($"{ClientName}-{Guid.NewGuid()}");
        using var provider = Sdk.CreateTracerProviderBuilder()
            .AddSource(source.Name, "System.Net.Http")
            .ConfigureResource(resource => resource.AddService(ClientName, autoGenerateServiceInstanceId: false))
            .AddOtlpExporter(exporter => (exporter.Endpoint, exporter.Protocol) = (new Uri(otlp), protocol))
            .Build();
        using var span = source.StartActivity("order", ActivityKind.Client)!;
        await client.GetStringAsync(path, Cancelled);
        span.Stop();
        provider.ForceFlush();
        return span.TraceId.ToString();
    }

    private static async Task<string[]> SourcesAsync(string aspire, string dashboard, string traceId)
    {
        var start = new ProcessStartInfo(aspire, ["otel", "traces", "--dashboard-url", dashboard, "--format", "Json", "--limit", "1000", "--nologo", "--non-interactive"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync(Cancelled);
        var output = await process.StandardOutput.ReadToEndAsync(Cancelled);
        await process.WaitForExitAsync(Cancelled);
        Assert.True(process.ExitCode == 0, await error);
        using var traces = JsonDocument.Parse(output);
        return
        [
            .. traces.RootElement.EnumerateArray()
                .Where(trace => traceId.StartsWith(trace.GetProperty("traceId").GetString()!, StringComparison.Ordinal))
                .SelectMany(trace => trace.GetProperty("spans").EnumerateArray())
                .Select(span => span.GetProperty("source").GetString()!),
        ];
    }
}
