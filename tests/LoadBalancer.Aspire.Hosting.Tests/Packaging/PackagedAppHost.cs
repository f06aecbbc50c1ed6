using System.Diagnostics;
using System.Xml.Linq;

namespace Aspire.Hosting.Tests.Packaging;

/// <summary>An AppHost outside the repository, with a service of two replicas behind a balancer of each layer.</summary>
internal sealed class PackagedAppHost : IAsyncDisposable
{
    private const string Service = """
        var app = WebApplication.Create(args);
        app.MapGet("/", () => Environment.ProcessId.ToString());
        app.Run();
        """;

    private const string Program = """
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { Args = args, DisableDashboard = true });
        var web = builder.AddProject<Projects.Web>("web").WithHttpEndpoint().WithReplicas(2);
        var edge = builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", web);
        var wire = builder.AddLayer4LoadBalancer("wire").WithTcpListener("web", null, web.GetEndpoint("http"));
        await using var app = builder.Build();
        await app.StartAsync();
        Console.WriteLine($"edge={await edge.GetEndpoint("http").GetValueAsync()}");
        Console.WriteLine($"wire={await wire.GetListener("web").GetValueAsync()}");

        // Until whoever started it has enough.
        await Console.In.ReadToEndAsync();
        await app.StopAsync();
        """;

    private static readonly TimeSpan StartDeadline = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopDeadline = TimeSpan.FromMinutes(1);

    private readonly Process _process;

    private PackagedAppHost(Process process)
    {
        _process = process;
    }

    public Uri Edge { get; private set; } = null!;

    public Uri Wire { get; private set; } = null!;

    public static async Task<PackagedAppHost> StartAsync(PackageFixture packages, string aspireVersion)
    {
        var directory = Path.Combine(packages.Workspace, "AppHost");
        await WriteAsync(packages, aspireVersion);
        var build = Dotnet.Command(directory, "build", "-p:UseSharedCompilation=false");
        build.Environment["NUGET_PACKAGES"] = packages.Installed;
        await Dotnet.RunAsync(build);

        var start = Dotnet.Command(directory, "run", "--no-build");
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        var app = new PackagedAppHost(Process.Start(start)!);
        try
        {
            await app.ReadAddressesAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var deadline = new CancellationTokenSource(StopDeadline);
        try
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            _process.Kill(entireProcessTree: true);
        }
        finally
        {
            _process.Dispose();
        }
    }

    private static async Task WriteAsync(PackageFixture packages, string aspireVersion)
    {
        // Nothing above this folder is to have a say.
        await WriteAsync("Directory.Build.props", "<Project />");
        await WriteAsync("Directory.Build.targets", "<Project />");
        await WriteAsync("Directory.Packages.props", "<Project />");
        await WriteAsync("nuget.config", await SourcesAsync());
        await WriteAsync("Web/Web.csproj", """
            <Project Sdk="Microsoft.NET.Sdk.Web">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
            </Project>
            """);
        await WriteAsync("Web/Program.cs", Service);
        await WriteAsync("AppHost/AppHost.csproj", $"""
            <Project Sdk="Aspire.AppHost.Sdk/{aspireVersion}">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net10.0</TargetFramework>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
              <ItemGroup>
                <PackageReference Include="LoadBalancer.Aspire.Hosting" Version="{packages.Version}" />
                <ProjectReference Include="../Web/Web.csproj" />
              </ItemGroup>
            </Project>
            """);
        await WriteAsync("AppHost/Program.cs", Program);

        async Task WriteAsync(string path, string text)
        {
            var file = new FileInfo(Path.Combine(packages.Workspace, path));
            file.Directory!.Create();
            await File.WriteAllTextAsync(file.FullName, text);
        }

        // The machine's sources and this one. What the machine says about which package comes from which source would leave this one out.
        async Task<string> SourcesAsync()
        {
            var known = (await Dotnet.RunAsync(packages.Workspace, "nuget", "list", "source", "--format", "short"))
                .Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Where(line => line.StartsWith("E ", StringComparison.Ordinal))
                .Select(line => line[2..]);
            var cache = (await Dotnet.RunAsync(packages.Workspace, "nuget", "locals", "global-packages", "--list")).Split(": ", 2)[1].Trim();
            return new XElement(
                "configuration",
                // What the machine has need not be fetched again.
                new XElement("fallbackPackageFolders", new XElement("add", new XAttribute("key", "machine"), new XAttribute("value", cache))),
                new XElement(
                    "packageSources",
                    new XElement("clear"),
                    known.Append(packages.Feed).Select((source, i) => new XElement("add", new XAttribute("key", $"source-{i}"), new XAttribute("value", source)))),
                new XElement("packageSourceMapping", new XElement("clear"))).ToString();
        }
    }

    private async Task ReadAddressesAsync()
    {
        using var deadline = new CancellationTokenSource(StartDeadline);
        var errors = _process.StandardError.ReadToEndAsync(CancellationToken.None);
        var printed = new List<string>();
        while (Wire is null)
        {
            var line = await _process.StandardOutput.ReadLineAsync(deadline.Token);
            if (line is null)
            {
                throw new InvalidOperationException($"The AppHost ended:\n{string.Join('\n', printed)}\n{await errors}");
            }

            printed.Add(line);
            if (line.StartsWith("edge=", StringComparison.Ordinal))
            {
                Edge = new(line["edge=".Length..]);
            }
            else if (line.StartsWith("wire=", StringComparison.Ordinal))
            {
                Wire = new UriBuilder(line["wire=".Length..]) { Scheme = Uri.UriSchemeHttp }.Uri;
            }
        }

        // Read on: a full pipe would stop it.
        _ = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
    }
}
