using System.Collections.Concurrent;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.EndToEnd.Tests;

/// <summary>
/// Receives spans by OTLP over HTTP (opentelemetry.io/docs/specs/otlp) and keeps what the tests look at. Fields are
/// read by their numbers in opentelemetry/proto/trace/v1/trace.proto, version 1.
/// </summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;

    public OtlpReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.Urls.Add("http://127.0.0.1:0");
        _app.MapPost("/v1/traces", ReceiveAsync);
        _app.MapPost("/v1/{signal}", () => Results.Ok());
    }

    public string Address => _app.Urls.Single();

    public ConcurrentQueue<ReceivedSpan> Spans { get; } = new();

    public Task StartAsync() => _app.StartAsync();

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task<IResult> ReceiveAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body);
        foreach (var resourceSpans in Messages(body.ToArray(), field: 1))
        {
            var resource = Messages(resourceSpans, field: 1).SelectMany(message => Messages(message, field: 1)).Select(ReadAttribute).ToArray();
            var service = resource.FirstOrDefault(attribute => attribute.Key == "service.name").Value;
            foreach (var span in Messages(resourceSpans, field: 2).SelectMany(scope => Messages(scope, field: 2)))
            {
                Spans.Enqueue(ReadSpan(service, span));
            }
        }

        return Results.Ok();
    }

    private static ReceivedSpan ReadSpan(string? service, byte[] span)
    {
        string Hex(int field) => Convert.ToHexStringLower(Messages(span, field).FirstOrDefault() ?? []);
        var attributes = Messages(span, field: 9).Select(ReadAttribute).Where(attribute => attribute.Value is not null);
        return new(
            service ?? "",
            Text(Messages(span, field: 5).Single()),
            Hex(1),
            Hex(2),
            Hex(4),
            attributes.ToDictionary(attribute => attribute.Key, attribute => attribute.Value!));
    }

    // KeyValue: key 1, value 2 (AnyValue: string 1). Numbers and lists are not looked at.
    private static (string Key, string? Value) ReadAttribute(byte[] attribute) => (
        Text(Messages(attribute, field: 1).Single()),
        Messages(attribute, field: 2).SelectMany(value => Messages(value, field: 1)).Select(Text).FirstOrDefault());

    private static string Text(byte[] utf8) => System.Text.Encoding.UTF8.GetString(utf8);

    private static List<byte[]> Messages(byte[] message, int field)
    {
        var found = new List<byte[]>();
        using var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (WireFormat.GetTagFieldNumber(tag) == field && WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                found.Add(input.ReadBytes().ToByteArray());
            }
            else
            {
                input.SkipLastField();
            }
        }

        return found;
    }
}
