using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text.Json;
using LoadBalancer.Configuration;
using LoadGenerator.Clients;

namespace LoadGenerator.Nat;

/// <summary>The inside of the network namespace: servers, a balancer and a client. The namespace ends with this process, and the rules with it.</summary>
internal static class NatLab
{
    /// <summary>The only argument of the process that runs it.</summary>
    public const string Argument = "nat-lab";

    public const int Servers = 3;

    /// <summary>To each listener.</summary>
    public const int Connections = 6;

    private const int NatPort = 7000;
    private const int RelayPort = 7001;
    private const int FirstServerPort = 7101;
    private const int AdminPort = 9070;
    private const string Name = "tour";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(45);

    /// <summary>Writes <see cref="NatFindings"/> to the output.</summary>
    /// <returns>The exit code; where it is not 0, the error output has the reason.</returns>
    public static async Task<int> RunAsync()
    {
        var directory = Directory.CreateTempSubdirectory("loadbalancer-nat-");
        var servers = Enumerable.Range(0, Servers).Select(index => new TcpListener(IPAddress.Loopback, FirstServerPort + index)).ToArray();
        try
        {
            foreach (var (server, number) in servers.Select((server, index) => (server, index + 1)))
            {
                server.Start();
                _ = ServeAsync(server, $"server-{number}");
            }

            var file = Path.Combine(directory.FullName, "balancer.json");
            await File.WriteAllTextAsync(file, Configuration().ToJson());
            using var balancer = Process.Start(new ProcessStartInfo(DotNet.Host, [ServerAssembly, "--config", file]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
            try
            {
                return await FindAsync(balancer);
            }
            finally
            {
                balancer.Kill();
                await balancer.WaitForExitAsync();
            }
        }
        finally
        {
            Array.ForEach(servers, server => server.Dispose());
            directory.Delete(recursive: true);
        }
    }

    private static string ServerAssembly => typeof(NatLab).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "Started:LoadBalancer.Server").Value!;

    private static async Task<int> FindAsync(Process balancer)
    {
        var said = balancer.StandardError.ReadToEndAsync();
        _ = balancer.StandardOutput.ReadToEndAsync();
        var open = new List<TcpClient>();
        try
        {
            if (!await AnswersAsync(balancer))
            {
                Console.Error.WriteLine(balancer.HasExited ? (await said).Trim() : $"the balancer did not answer within {Patience.TotalSeconds} s");
                return 1;
            }

            var translated = await ConnectAsync(NatPort, open);
            var relayed = await ConnectAsync(RelayPort, open);
            var findings = new NatFindings(translated, relayed, await TableAsync(translated), await RuleAsync());
            Console.WriteLine(JsonSerializer.Serialize(findings, NatJsonContext.Default.NatFindings));
            return 0;
        }
        finally
        {
            open.ForEach(client => client.Dispose());
        }
    }

    private static ConfigurationFile Configuration()
    {
        var file = new ConfigurationFile
        {
            Services = { ["servers"] = new() { ["tcp"] = [.. Enumerable.Range(0, Servers).Select(index => $"127.0.0.1:{FirstServerPort + index}")] } },
        };
        file.LoadBalancer.Name = Name;
        file.LoadBalancer.Admin.Address = $"localhost:{AdminPort}";
        file.LoadBalancer.Pools["servers"] = new() { HealthCheck = new() { Type = HealthCheckType.None } };
        file.LoadBalancer.Layer4.Listeners["nat"] = new() { Mode = Layer4Mode.Nat, Address = $"127.0.0.1:{NatPort}", Pool = "servers" };
        file.LoadBalancer.Layer4.Listeners["relay"] = new() { Address = $"127.0.0.1:{RelayPort}", Pool = "servers" };
        return file;
    }

    // Says who it is and whom it sees, and keeps the connection.
    private static async Task ServeAsync(TcpListener listener, string name)
    {
        while (true)
        {
            var client = await listener.AcceptTcpClientAsync();
            var port = ((IPEndPoint)client.Client.RemoteEndPoint!).Port;
            await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name} {port}\n")));
        }
    }

    // The rules come a moment after the listener.
    private static async Task<bool> AnswersAsync(Process balancer)
    {
        var since = Stopwatch.GetTimestamp();
        while (!balancer.HasExited && Stopwatch.GetElapsedTime(since) < Patience)
        {
            try
            {
                using var first = await AskAsync(NatPort);
                using var second = await AskAsync(RelayPort);
                return true;
            }
            catch (Exception e) when (e is SocketException or IOException)
            {
                await Task.Delay(50);
            }
        }

        return false;
    }

    private static async Task<Asked> AskAsync(int port)
    {
        var client = new TcpClient(AddressFamily.InterNetwork);
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            using var reader = new StreamReader(client.GetStream(), leaveOpen: true);
            var words = (await reader.ReadLineAsync())?.Split(' ') ?? throw new IOException("The connection ended.");
            return new(client, new(((IPEndPoint)client.Client.LocalEndPoint!).Port, words[0], int.Parse(words[1], CultureInfo.InvariantCulture)));
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    private static async Task<IReadOnlyList<NatConnection>> ConnectAsync(int port, List<TcpClient> open)
    {
        var seen = new List<NatConnection>();
        for (var i = 0; i < Connections; i++)
        {
            var asked = await AskAsync(port);
            open.Add(asked.Client);
            seen.Add(asked.Seen);
        }

        return seen;
    }

    // It is read from the kernel once a second.
    private static async Task<IReadOnlyList<NatRow>> TableAsync(IReadOnlyList<NatConnection> connections)
    {
        using var admin = new AdminClient(new($"http://localhost:{AdminPort}"));
        var ports = connections.Select(connection => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{connection.ClientPort}")).ToArray();
        var since = Stopwatch.GetTimestamp();
        while (true)
        {
            var rows = (await admin.GetStatisticsAsync(CancellationToken.None)).Layer4.Connections
                .Where(row => row.Mode == Layer4Mode.Nat && ports.Contains(row.Client))
                .Select(row => new NatRow(row.Client, row.BackendAddress ?? "-"))
                .ToArray();
            if (rows.Length == Connections || Stopwatch.GetElapsedTime(since) > Patience)
            {
                return rows;
            }

            await Task.Delay(100);
        }
    }

    private static async Task<string> RuleAsync()
    {
        using var nft = Process.Start(new ProcessStartInfo("nft", ["list", "table", "inet", $"loadbalancer_{Name}"]) { RedirectStandardOutput = true })!;
        var text = await nft.StandardOutput.ReadToEndAsync();
        await nft.WaitForExitAsync();
        var rule = text.Split('\n').FirstOrDefault(line => line.Contains("dnat", StringComparison.Ordinal)) ?? "";
        return rule[Math.Max(0, rule.IndexOf("dnat", StringComparison.Ordinal))..].Trim();
    }

    private sealed record Asked(TcpClient Client, NatConnection Seen) : IDisposable
    {
        public void Dispose() => Client.Dispose();
    }
}
