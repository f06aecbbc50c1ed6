using System.Net;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Machine;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.SignalR.Client;

namespace LoadBalancer.EndToEnd.Tests;

// One at a time: they share the topology, and some of them kill replicas.
[Collection(nameof(StandaloneTopology))]
public sealed class SignalRTests(StandaloneTopology topology) : IDisposable
{
    private const int Calls = 30;

    private readonly DirectoryInfo _directory = Directory.CreateTempSubdirectory("lb-signalr-test-");

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose() => _directory.Delete(recursive: true);

    [Theory]
    [InlineData(HttpTransportType.WebSockets)]
    [InlineData(HttpTransportType.ServerSentEvents)]
    [InlineData(HttpTransportType.LongPolling)]
    public async Task A_connection_stays_at_its_replica_with_affinity_whatever_carries_it(HttpTransportType transport)
    {
        var replicas = new HashSet<string>();
        for (var i = 0; i < 3; i++)
        {
            await using var connection = Connect(new(topology.Edge, "/chat/hub"), transport);
            var said = new TaskCompletionSource<Message>(TaskCreationOptions.RunContinuationsAsynchronously);
            connection.On<Message>("Said", message => said.TrySetResult(message));
            await connection.StartAsync(Cancelled);

            var here = await connection.InvokeAsync<Identity>("Where", Cancelled);
            for (var call = 0; call < Calls; call++)
            {
                Assert.Equal(here, await connection.InvokeAsync<Identity>("Where", Cancelled));
            }

            await connection.InvokeAsync("Say", "hello", Cancelled);
            var message = await said.Task.WaitAsync(Wait.Patience, Cancelled);
            Assert.Equal((here.Replica, "hello"), (message.Replica, message.Text));
            replicas.Add(here.Replica);
        }

        // Each connection has cookies of its own, so each begins a session.
        Assert.Equal(["chat-1", "chat-2", "chat-3"], replicas.Order());
        var sessions = (await topology.GetEdgeStatisticsAsync()).Layer7.Routes.Single(route => route.Name == "chat").Sessions!;
        Assert.InRange(sessions.New, 3, long.MaxValue);
        Assert.InRange(sessions.Kept, 3, long.MaxValue);
    }

    [Theory]
    [InlineData(SessionAffinityMode.Source)]
    [InlineData(null)]
    public async Task Long_polling_works_by_the_clients_address_too_and_not_without_affinity(SessionAffinityMode? mode)
    {
        var chats = (await topology.GetEdgeStatisticsAsync()).Pools.Single(pool => pool.Name == "chat").Backends;
        Assert.Equal(3, chats.Count(backend => backend.State == BackendState.Healthy));
        var ports = FreePorts.Take(2);
        var file = new ConfigurationFile { Services = { ["chat"] = new() { ["http"] = [.. chats.Select(backend => backend.Address)] } } };
        file.LoadBalancer.Admin.Address = $"127.0.0.1:{ports[1]}";
        file.LoadBalancer.Pools["chat"] = new() { HealthCheck = new() { Type = HealthCheckType.None } };
        file.LoadBalancer.Layer7.Listeners["web"] = new() { Address = $"127.0.0.1:{ports[0]}" };
        file.LoadBalancer.Layer7.Routes["chat"] = new() { Pool = "chat", SessionAffinity = mode is { } by ? new() { Mode = by } : null };
        var path = Path.Combine(_directory.FullName, "balancer.json");
        await File.WriteAllTextAsync(path, file.ToJson(), Cancelled);
        await using var server = TestProcess.Start(BuiltAssemblies.Server, ["--config", path]);
        await server.WaitForOutputAsync("Listener web: listening");
        await using var connection = Connect(new($"http://127.0.0.1:{ports[0]}/hub"), HttpTransportType.LongPolling);

        if (mode is not null)
        {
            await connection.StartAsync(Cancelled);
            Assert.StartsWith("chat-", (await connection.InvokeAsync<Identity>("Where", Cancelled)).Replica, StringComparison.Ordinal);
        }
        else
        {
            // The first replica negotiates, and the next one is asked for a connection that it does not know.
            var exception = await Assert.ThrowsAsync<AggregateException>(() => connection.StartAsync(Cancelled));
            Assert.Contains(exception.Flatten().InnerExceptions, inner => inner.InnerException is HttpRequestException { StatusCode: HttpStatusCode.NotFound });
        }
    }

    private static HubConnection Connect(Uri address, HttpTransportType transport) =>
        new HubConnectionBuilder().WithUrl(address, transport).Build();

    private sealed record Identity(string Service, string Replica, int Pid);

    private sealed record Message(string Replica, string From, string Text);
}
