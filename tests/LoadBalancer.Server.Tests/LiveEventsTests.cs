using System.Net;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using System.Text.Json;
using LoadBalancer.Configuration;

namespace LoadBalancer.Server.Tests;

public sealed class LiveEventsTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_first_event_is_the_whole_and_needs_no_token()
    {
        await using var server = await StartAsync();
        await using var events = await OpenAsync(server);

        var first = await events.NextAsync("whole");

        var statistics = first.GetProperty("statistics");
        Assert.Equal("edge", statistics.GetProperty("name").GetString());
        Assert.Equal("echo", statistics.GetProperty("layer4").GetProperty("listeners")[0].GetProperty("name").GetString());
        Assert.Equal("echo", statistics.GetProperty("layer4").GetProperty("listeners")[0].GetProperty("pools")[0].GetString());
        Assert.True(first.GetProperty("at").GetInt64() > 0);
    }

    [Fact]
    public async Task The_connection_table_is_not_among_what_anybody_may_read()
    {
        await using var server = await StartAsync();
        using var client = await ConnectAsync(server);
        await server.WaitForAsync(now => now.Layer4.Connections.Count == 1);
        await using var events = await OpenAsync(server);

        var first = await events.NextAsync("whole");

        Assert.Equal(0, first.GetProperty("statistics").GetProperty("layer4").GetProperty("connections").GetArrayLength());
        Assert.Equal(1, first.GetProperty("statistics").GetProperty("layer4").GetProperty("listeners")[0].GetProperty("accepted").GetInt32());
    }

    [Fact]
    public async Task Later_events_say_only_what_changed()
    {
        await using var server = await StartAsync();
        await using var events = await OpenAsync(server);
        await events.NextAsync("whole");
        using var client = await ConnectAsync(server);

        while (true)
        {
            var changes = await events.NextAsync("changes");
            var paths = changes.EnumerateArray().Select(change => string.Join('.', change[0].EnumerateArray())).ToArray();
            Assert.Contains("at", paths);
            Assert.DoesNotContain("statistics.name", paths);
            if (paths.Contains("statistics.layer4.listeners.0.accepted"))
            {
                return;
            }
        }
    }

    [Fact]
    public async Task Picks_are_told_with_their_reason_while_somebody_watches()
    {
        await using var server = await StartAsync();
        using var before = await ConnectAsync(server);
        // With its backend: it counts a moment before its pick is over.
        await server.WaitForAsync(now => now.Layer4.Connections is [{ Backend: not null }]);
        await using var events = await OpenAsync(server);
        await events.NextAsync("whole");
        using var client = await ConnectAsync(server);

        var picks = await events.NextAsync("picks");

        var pick = Assert.Single(picks.EnumerateArray());
        Assert.Equal(("echo", "RoundRobin", "its turn among 2"), (pick.GetProperty("pool").GetString(), pick.GetProperty("policy").GetString(), pick.GetProperty("reason").GetString()));
    }

    [Fact]
    public async Task A_reader_who_does_not_read_keeps_nobody_waiting()
    {
        await using var server = await StartAsync();
        await using var slow = await OpenAsync(server);
        await using var events = await OpenAsync(server);

        await events.NextAsync("whole");
        await events.NextAsync("changes");
        await events.NextAsync("changes");

        // Nothing was kept for it but what was on its way already.
        await slow.NextAsync("whole");
    }

    [Fact]
    public async Task Whoever_watches_does_not_keep_the_process_from_stopping()
    {
        var server = await StartAsync();
        await using var events = await OpenAsync(server);
        await events.NextAsync("whole");
        var stopping = server.DisposeAsync().AsTask();

        await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            while (true)
            {
                await events.NextAsync("changes");
            }
        });
        await stopping.WaitAsync(TimeSpan.FromSeconds(60), Cancelled);
    }

    [Fact]
    public async Task There_is_an_end_to_how_many_may_read()
    {
        await using var server = await StartAsync();
        var readers = new List<Reader>();
        HttpStatusCode status;
        do
        {
            Assert.True(readers.Count < 100, "there is no end");
            var response = await server.Admin.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead, Cancelled);
            status = response.StatusCode;
            readers.Add(new(response));
        }
        while (status == HttpStatusCode.OK);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, status);
        foreach (var reader in readers)
        {
            await reader.DisposeAsync();
        }
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(new()
    {
        LoadBalancer =
        {
            Name = "edge",
            Pools = { ["echo"] = new() { Service = "tcp://echo", HealthCheck = new() { Type = HealthCheckType.None } } },
            Layer4 = { Listeners = { ["echo"] = new() { Address = "127.0.0.1:0", Pool = "echo" } } },
        },
        Services = { ["echo"] = new() { ["tcp"] = [NamedBackend.Start("one", waits: true).ToString(), NamedBackend.Start("two", waits: true).ToString()] } },
    });

    private static async Task<Socket> ConnectAsync(TestServer server)
    {
        var now = await server.WaitForAsync(now => now.Pools[0].Healthy == 2);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(IPEndPoint.Parse(now.Layer4.Listeners[0].Addresses[0]), Cancelled);
        return socket;
    }

    private static async Task<Reader> OpenAsync(TestServer server)
    {
        var response = await server.Admin.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead, Cancelled);
        Assert.Equal("text/event-stream", response.EnsureSuccessStatusCode().Content.Headers.ContentType!.MediaType);
        return new(response);
    }

    private sealed class Reader(HttpResponseMessage response) : IAsyncDisposable
    {
        private IAsyncEnumerator<SseItem<string>>? _events;

        /// <summary>Reads until an event of a kind comes.</summary>
        public async Task<JsonElement> NextAsync(string kind)
        {
            _events ??= SseParser.Create(await response.Content.ReadAsStreamAsync(Cancelled)).EnumerateAsync(Cancelled).GetAsyncEnumerator(Cancelled);
            while (await _events.MoveNextAsync())
            {
                if (_events.Current.EventType == kind)
                {
                    return JsonDocument.Parse(_events.Current.Data).RootElement;
                }
            }

            throw new EndOfStreamException();
        }

        public async ValueTask DisposeAsync()
        {
            // First the answer: an enumerator that still waits for it cannot be disposed.
            response.Dispose();
            try
            {
                await (_events?.DisposeAsync() ?? ValueTask.CompletedTask);
            }
            catch (Exception exception) when (exception is IOException or HttpRequestException or OperationCanceledException or ObjectDisposedException)
            {
                // It was cut off above.
            }
        }
    }
}
