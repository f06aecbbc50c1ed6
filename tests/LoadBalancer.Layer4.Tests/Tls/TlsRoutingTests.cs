using LoadBalancer.Configuration;
using LoadBalancer.Layer4.Tests.Support;
using Microsoft.Extensions.Logging;

namespace LoadBalancer.Layer4.Tests.Tls;

public sealed class TlsRoutingTests
{
    // They live as long as the process: each test would make six.
    private static readonly Dictionary<string, TestBackend> Backends =
        new[] { "default", "exact", "h2", "suffix", "deep", "mqtt" }.ToDictionary(name => name, TestBackend.NamedEcho);

    private static readonly Layer4ListenerOptions Options = new()
    {
        Address = "127.0.0.1:0",
        Pool = "default",
        HelloTimeout = TimeSpan.FromMinutes(1),
        TlsRoutes = new()
        {
            ["suffix"] = new() { ServerNames = ["*.example.com"], Pool = "suffix" },
            ["deep"] = new() { ServerNames = ["*.deep.example.com"], Pool = "deep" },
            ["exact"] = new() { ServerNames = ["a.example.com", "Example.NET"], Pool = "exact" },
            ["h2"] = new() { ServerNames = ["a.example.com"], Protocols = ["h2"], Pool = "h2" },
            ["mqtt"] = new() { Protocols = ["mqtt"], Pool = "mqtt" },
        },
    };

    [Theory]
    [InlineData("a.example.com", "", "exact")]
    [InlineData("A.Example.COM", "", "exact")]
    [InlineData("example.net", "", "exact")]
    [InlineData("a.example.com", "http/1.1 h2", "h2")]
    [InlineData("a.example.com", "http/1.1", "exact")]
    [InlineData("b.example.com", "", "suffix")]
    [InlineData("b.c.example.com", "h2", "suffix")]
    [InlineData("x.deep.example.com", "", "deep")]
    [InlineData("deep.example.com", "", "suffix")]
    [InlineData("example.com", "", "default")]
    [InlineData("badexample.com", "", "default")]
    [InlineData("other.example.org", "mqtt", "mqtt")]
    [InlineData("b.example.com", "mqtt", "suffix")]
    [InlineData(null, "mqtt h2", "mqtt")]
    [InlineData(null, "", "default")]
    public async Task The_name_and_the_protocols_decide_and_every_byte_is_passed_on(string? name, string protocols, string pool)
    {
        await using var balancer = await StartAsync(Options);
        var hello = HelloOf(name, protocols).ToRecord();
        using var client = await balancer.ConnectAsync();

        await client.SendFullyAsync(hello);
        await client.ReceivesAsync(pool);
        Assert.Equal(hello, await client.ReceiveExactlyAsync(hello.Length));
        Assert.Equal((name?.ToLowerInvariant(), pool), (Assert.Single(balancer.Connections).ServerName, balancer.Connections[0].Pool));

        await client.SendTextAsync("and more");
        await client.ReceivesAsync("and more");
        client.Finish();
        Assert.Equal("", await client.ReceiveTextToEndAsync());
    }

    [Theory]
    [InlineData("openssl-tls1_2")]
    [InlineData("openssl-tls1_3")]
    [InlineData("openssl-noname")]
    [InlineData("curl")]
    [InlineData("chromium")]
    public async Task Hellos_of_real_clients_pass_unchanged_however_they_are_cut(string file)
    {
        await using var balancer = await StartAsync(Options);
        var hello = RecordedHello.Read(file);
        foreach (var pieceLength in new[] { 1, 100, 10_000 })
        {
            using var client = await balancer.ConnectAsync();
            foreach (var piece in hello.Chunk(Math.Max(pieceLength, hello.Length / 200)))
            {
                await client.SendFullyAsync(piece);
            }

            await client.SendTextAsync("early data");
            client.Finish();

            var received = await client.ReceiveToEndAsync();
            Assert.Equal([.. "default"u8, .. hello, .. "early data"u8], received);
        }
    }

    [Fact]
    public async Task Without_a_pool_for_the_others_these_are_refused()
    {
        await using var balancer = await StartAsync(Options with { Pool = null });
        using var client = await balancer.ConnectAsync();

        await client.SendFullyAsync(Hello.Named("other.example.org").ToRecord());

        await client.IsResetAsync();
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("NoRoute") == 1);
        Assert.Equal(LogLevel.Debug, Assert.Single(balancer.Log.With("other.example.org")).Level);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH_9.2\r\n")]
    [InlineData("\0")]
    public async Task What_is_no_hello_is_closed_at_once_counted_and_logged_once(string bytes)
    {
        await using var balancer = await StartAsync(Options with { HelloTimeout = TimeSpan.FromMinutes(1) });
        using var client = await balancer.ConnectAsync();

        await client.SendTextAsync(bytes);

        await client.IsResetAsync();
        await Eventually.TrueAsync(() => balancer.Listener is { Refused: 1, Active: 0 });
        Assert.Equal(new Dictionary<string, long> { ["BadClientHello"] = 1 }, balancer.Listener.Refusals);
        var about = balancer.Log.With(client.LocalEndPoint!.ToString()!);
        Assert.Equal(LogLevel.Debug, Assert.Single(about).Level);
        Assert.Contains("BadClientHello", about[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hello_that_does_not_come_in_time_is_refused()
    {
        await using var balancer = await StartAsync(Options with { HelloTimeout = TimeSpan.FromSeconds(2) });
        using var silent = await balancer.ConnectAsync();
        using var halfway = await balancer.ConnectAsync();
        await halfway.SendFullyAsync(Hello.Named("a.example.com").ToRecord().AsMemory(..20));

        await silent.IsResetAsync();
        await halfway.IsResetAsync();

        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("BadClientHello") == 2);
        Assert.Single(balancer.Log.With("only 0 bytes came in time"));
        Assert.Single(balancer.Log.With("only 20 bytes came in time"));
    }

    [Fact]
    public async Task A_hello_may_be_as_long_as_the_limit_and_no_longer()
    {
        var hello = (Hello.Named("a.example.com") with { Extensions = [(Hello.ServerNameType, Hello.ServerName("a.example.com")), (21, new byte[3000])] }).ToRecord();
        foreach (var (limit, passes) in new[] { (hello.Length, true), (hello.Length - 1, false) })
        {
            await using var balancer = await StartAsync(Options with { MaxHelloSize = limit });
            using var client = await balancer.ConnectAsync();
            await client.SendFullyAsync(hello);
            if (passes)
            {
                await client.ReceivesAsync("exact");
                Assert.Equal(hello, await client.ReceiveExactlyAsync(hello.Length));
            }
            else
            {
                await client.IsResetAsync();
                await Eventually.TrueAsync(() => balancer.Log.With($"longer than {limit} bytes").Count == 1);
            }
        }
    }

    [Fact]
    public async Task A_client_that_finishes_within_its_hello_is_refused()
    {
        await using var balancer = await StartAsync(Options);
        using var client = await balancer.ConnectAsync();
        await client.SendFullyAsync(Hello.Named("a.example.com").ToRecord().AsMemory(..20));

        client.Finish();

        await client.IsResetAsync();
        await Eventually.TrueAsync(() => balancer.Listener.Refusals.GetValueOrDefault("BadClientHello") == 1);
    }

    [Fact]
    public void By_default_a_hello_has_five_seconds_and_sixteen_kibibytes()
    {
        var options = new Layer4ListenerOptions();

        Assert.Equal((TimeSpan.FromSeconds(5), 16 * 1024), (options.HelloTimeout, options.MaxHelloSize));
    }

    [Fact]
    public async Task A_server_name_keeps_its_backend_by_consistent_hash()
    {
        await using var one = TestBackend.NamedEcho("one");
        await using var two = TestBackend.NamedEcho("two");
        await using var balancer = await TestBalancer.WithPoolsAsync(new() { ["both"] = [one.Address, two.Address] });
        await balancer.ApplyAsync(options => options.Layer4.Listeners["tls"] = new()
        {
            Address = "127.0.0.1:0",
            TlsRoutes = new() { ["all"] = new() { Pool = "both" } },
            Policy = SelectionPolicy.ConsistentHash,
            HashKey = Layer4HashKey.ServerName,
        });

        var byName = new Dictionary<string, HashSet<string>>();
        for (var i = 0; i < 60; i++)
        {
            var name = $"n{i % 20}.example.com";
            using var client = await balancer.ConnectAsync();
            await client.SendFullyAsync(Hello.Named(name).ToRecord());
            byName.TryAdd(name, []);
            byName[name].Add(System.Text.Encoding.ASCII.GetString(await client.ReceiveExactlyAsync(3)));
        }

        Assert.All(byName.Values, answers => Assert.Single(answers));
        Assert.Equal(2, byName.Values.SelectMany(answers => answers).Distinct().Count());
    }

    [Fact]
    public async Task A_client_has_a_backend_of_its_own_in_each_pool()
    {
        await using var one = TestBackend.NamedEcho("one");
        await using var two = TestBackend.NamedEcho("two");
        await using var balancer = await TestBalancer.WithPoolsAsync(new() { ["first"] = [one.Address, two.Address], ["second"] = [one.Address, two.Address] });
        await balancer.ApplyAsync(options => options.Layer4.Listeners["tls"] = new()
        {
            Address = "127.0.0.1:0",
            Pool = "first",
            TlsRoutes = new() { ["second"] = new() { ServerNames = ["second"], Pool = "second" } },
            SourceAffinity = new(),
        });

        var answers = new List<(string Pool, string Backend)>();
        for (var i = 0; i < 12; i++)
        {
            // Not in turn, or round robin would look like affinity.
            var pool = i is 0 or 1 or 2 or 5 or 7 or 10 ? "first" : "second";
            using var client = await balancer.ConnectAsync();
            await client.SendFullyAsync(Hello.Named(pool).ToRecord());
            answers.Add((pool, System.Text.Encoding.ASCII.GetString(await client.ReceiveExactlyAsync(3))));
        }

        Assert.All(answers.GroupBy(answer => answer.Pool), answersOfPool => Assert.Single(answersOfPool.Distinct()));
        Assert.Equal(2, balancer.Listener.Affinities);
    }

    private static Hello HelloOf(string? name, string protocols)
    {
        var extensions = new List<(ushort, byte[])>();
        if (name is not null)
        {
            extensions.Add((Hello.ServerNameType, Hello.ServerName(name)));
        }

        if (protocols.Length > 0)
        {
            extensions.Add((Hello.ApplicationProtocolsType, Hello.ApplicationProtocols(protocols.Split(' '))));
        }

        return new() { Extensions = [.. extensions] };
    }

    private static async Task<TestBalancer> StartAsync(Layer4ListenerOptions listener)
    {
        var balancer = await TestBalancer.WithPoolsAsync(Backends.ToDictionary(pair => pair.Key, pair => new[] { pair.Value.Address }));
        await balancer.ApplyAsync(options => options.Layer4.Listeners["tls"] = listener);
        return balancer;
    }
}
