using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Machine;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;

namespace Aspire.Hosting.Tests.Publishing;

/// <summary>Does what the Dockerfile and the manifest say, without a container around it.</summary>
public sealed partial class ContainerTests
{
    private const string Token = "a-token-of-who-deploys";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_layer_7_balancer_serves_its_routes_with_the_manifests_environment()
    {
        await using var catalog = await StartServiceAsync("catalog");
        using var app = new PublishedApp();
        var (port, free) = (FreePorts.Take(), FreePorts.Take());
        app.Builder.AddLayer7LoadBalancer("edge", port)
            .WithHttpListener("other", free)
            .WithRoute("/shop/{**rest}", app.Builder.AddContainer("catalog", "catalog").WithHttpEndpoint(targetPort: 9000), r => r.WithSessionAffinity());
        var manifest = await app.ManifestAsync();

        await using var container = Container.Start(app.Folder, manifest, "edge", new() { ["catalog"] = catalog.Urls.First() });
        using var client = new HttpClient();
        var answer = await Eventually.GetAsync(() => GetAsync(client, $"http://localhost:{port}/shop/items?q=1"), found => found.Status == HttpStatusCode.OK, Deadline);

        Assert.Equal("catalog /items?q=1", answer.Text);
        Assert.Equal("catalog /items", (await GetAsync(client, $"http://localhost:{free}/shop/items")).Text);
        Assert.Equal(HttpStatusCode.NotFound, (await GetAsync(client, $"http://localhost:{port}/elsewhere")).Status);
    }

    [Fact]
    public async Task Commands_need_the_token_that_who_deploys_chose_and_are_on_the_containers_loopback()
    {
        await using var catalog = await StartServiceAsync("catalog");
        using var app = new PublishedApp();
        app.Builder.AddLayer7LoadBalancer("edge", FreePorts.Take()).WithRoute("/{**rest}", app.Builder.AddContainer("catalog", "catalog").WithHttpEndpoint(targetPort: 9000));
        var manifest = await app.ManifestAsync();
        var admin = FreePorts.Take();

        await using var container = Container.Start(app.Folder, manifest, "edge", new() { ["catalog"] = catalog.Urls.First() }, admin);
        using var client = new HttpClient();
        await Eventually.GetAsync(() => GetAsync(client, $"http://localhost:{admin}/stats"), found => found.Status == HttpStatusCode.OK && JsonNode.Parse(found.Text)!["pools"]![0]!["healthy"]!.GetValue<int>() == 1, Deadline);

        Assert.Equal(HttpStatusCode.Unauthorized, await DrainAsync(client, admin, "wrong-token-of-someone"));
        Assert.NotEqual(HttpStatusCode.Unauthorized, await DrainAsync(client, admin, Token));
        Assert.Equal("localhost:9080", (await app.ConfigurationOfAsync("edge"))["Admin"]!["Address"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_layer_4_balancer_relays_with_the_manifests_environment()
    {
        using var service = new TcpListener(IPAddress.Loopback, 0);
        service.Start();
        using var app = new PublishedApp();
        var port = FreePorts.Take();
        var echo = app.Builder.AddContainer("echo", "echo").WithEndpoint(name: "tcp", scheme: "tcp", targetPort: 9000);
        app.Builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", port, echo.GetEndpoint("tcp"), l => l.WithPolicy(SelectionPolicy.LeastConnections));
        var manifest = await app.ManifestAsync();

        await using var container = Container.Start(app.Folder, manifest, "wire", new() { ["echo"] = $"tcp://{service.LocalEndpoint}" });
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(Deadline);
        var greeting = GreetAsync(service, deadline.Token);

        Assert.Equal("hello", await Eventually.GetAsync(() => GreetingAsync(port), found => found is not null, Deadline));
        await deadline.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => greeting);
    }

    [Fact]
    public async Task The_image_is_built_of_the_program_and_runs_as_a_user()
    {
        using var app = new PublishedApp();
        app.Builder.AddLayer7LoadBalancer("edge", port: 8080).WithRoute("/{**rest}", app.AddCatalog());

        await app.RunAsync();

        var dockerfile = await app.ReadAsync("edge.Dockerfile");
        Assert.Equal(
            $"""
            FROM mcr.microsoft.com/dotnet/aspnet:{Environment.Version.ToString(2)}
            WORKDIR /app
            ENV ASPNETCORE_HTTP_PORTS=""
            COPY server/ ./
            COPY loadbalancer.json ./
            USER $APP_UID
            ENTRYPOINT ["dotnet", "LoadBalancer.Server.dll", "--config", "/app/loadbalancer.json"]

            """,
            dockerfile);
        Assert.Equal(dockerfile, await app.ReadAsync("edge.container/Dockerfile"));
        Assert.Empty(app.Warnings);
    }

    [Fact]
    public async Task The_base_image_is_the_users_choice()
    {
        using var app = new PublishedApp();
#pragma warning disable ASPIREDOCKERFILEBUILDER001 // Base images are experimental in Aspire 13.5.
        app.Builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", app.AddCatalog()).WithDockerfileBaseImage(runtimeImage: "registry.example/aspnet:10.0-noble");
#pragma warning restore ASPIREDOCKERFILEBUILDER001

        await app.RunAsync();

        Assert.StartsWith("FROM registry.example/aspnet:10.0-noble\n", await app.ReadAsync("edge.Dockerfile"), StringComparison.Ordinal);
    }

    private static async Task<WebApplication> StartServiceAsync(string name)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var service = builder.Build();
        service.MapGet("/{**path}", (HttpRequest request) => $"{name} {request.Path}{request.QueryString}");
        await service.StartAsync(TestContext.Current.CancellationToken);
        return service;
    }

    private static async Task<(HttpStatusCode? Status, string Text)> GetAsync(HttpClient client, string url)
    {
        try
        {
            using var answer = await client.GetAsync(url, TestContext.Current.CancellationToken);
            return (answer.StatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        }
        catch (HttpRequestException e)
        {
            return (null, e.Message);
        }
    }

    private static async Task<HttpStatusCode> DrainAsync(HttpClient client, int admin, string token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, $"http://localhost:{admin}/admin/pools/catalog/backends/catalog/drain") { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } };
        using var answer = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    private static async Task GreetAsync(TcpListener service, CancellationToken stop)
    {
        while (true)
        {
            using var connection = await service.AcceptTcpClientAsync(stop);
            try
            {
                await connection.GetStream().WriteAsync("hello\n"u8.ToArray(), stop);
            }
            catch (IOException)
            {
                // A health check does not wait for an answer.
            }
        }
    }

    private static async Task<string?> GreetingAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, TestContext.Current.CancellationToken);
            using var reader = new StreamReader(client.GetStream());
            return await reader.ReadLineAsync(TestContext.Current.CancellationToken);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return null;
        }
    }

    private sealed partial class Container : IAsyncDisposable
    {
        private readonly Process _process;
        private readonly StringBuilder _output = new();

        private Container(ProcessStartInfo start)
        {
            _process = new() { StartInfo = start };
            _process.OutputDataReceived += (_, line) => Append(line.Data);
            _process.ErrorDataReceived += (_, line) => Append(line.Data);
            _process.Start();
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        /// <param name="folder">Where was published to.</param>
        /// <param name="manifest">Its resources.</param>
        /// <param name="name">The balancer.</param>
        /// <param name="services">Where the resources that it refers to are.</param>
        /// <param name="adminPort">Where the admin endpoint is: unlike containers, processes share a loopback.</param>
        public static Container Start(string folder, JsonObject manifest, string name, Dictionary<string, string> services, int? adminPort = null)
        {
            var resource = manifest[name]!;
            var context = Path.Combine(folder, resource["build"]!["context"]!.GetValue<string>());
            var root = Path.Combine(folder, $"{name}.root");
            // The image that it is built from has this.
            var environment = new Dictionary<string, string> { ["ASPNETCORE_HTTP_PORTS"] = "8080" };
            string[] command = [];
            foreach (var line in File.ReadLines(Path.Combine(folder, resource["build"]!["dockerfile"]!.GetValue<string>())))
            {
                switch (line.Split(' ', 2))
                {
                    case ["ENV", var variable]:
                        environment[variable.Split('=')[0]] = variable.Split('=')[1].Trim('"');
                        break;
                    case ["COPY", var paths]:
                        Copy(Path.Combine(context, paths.Split(' ')[0]), Path.Combine(root, paths.Split(' ')[1]));
                        break;
                    case ["ENTRYPOINT", var json]:
                        command = JsonSerializer.Deserialize<string[]>(json)!;
                        break;
                }
            }

            foreach (var (key, value) in resource["env"]!.AsObject())
            {
                environment[key] = Reference().Replace(value!.GetValue<string>(), match => Resolve(match.Groups[1].Value, manifest, services));
            }

            var start = new ProcessStartInfo(command[0]) { WorkingDirectory = root, RedirectStandardOutput = true, RedirectStandardError = true };
            foreach (var argument in command.Skip(1))
            {
                start.ArgumentList.Add(argument.Replace("/app/", $"{root}/", StringComparison.Ordinal));
            }

            environment["LoadBalancer__Admin__Address"] = $"localhost:{adminPort ?? FreePorts.Take()}";
            foreach (var (key, value) in environment)
            {
                start.Environment[key] = value;
            }

            return new(start);
        }

        public async ValueTask DisposeAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
            _process.Dispose();
            TestContext.Current.TestOutputHelper?.WriteLine(_output.ToString());
        }

        private static string Resolve(string reference, JsonObject manifest, Dictionary<string, string> services) => reference.Split('.') switch
        {
            [var resource, "bindings", _, "host"] => new Uri(services[resource]).Host,
            [var resource, "bindings", _, "port"] => new Uri(services[resource]).Port.ToString(CultureInfo.InvariantCulture),
            [var resource, "bindings", var binding, "targetPort"] => manifest[resource]!["bindings"]![binding]!["targetPort"]!.ToString(),
            [_, "value"] => Token,
            _ => throw new NotSupportedException(reference),
        };

        private static void Copy(string source, string target)
        {
            if (File.Exists(source))
            {
                File.Copy(source, Path.Combine(target, Path.GetFileName(source)));
                return;
            }

            foreach (var file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
            {
                var copy = Path.Combine(target, Path.GetRelativePath(source, file));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(file, copy);
            }
        }

        private void Append(string? line)
        {
            lock (_output)
            {
                _output.AppendLine(line);
            }
        }

        [GeneratedRegex(@"\{([^{}]+)\}", RegexOptions.CultureInvariant)]
        private static partial Regex Reference();
    }
}
