using System.IO.Compression;
using System.Reflection.PortableExecutable;
using System.Text.Json;
using System.Xml.Linq;

namespace Aspire.Hosting.Tests.Packaging;

/// <summary>What somebody gets who has the packages and nothing else of this repository.</summary>
[Collection(nameof(PackageCollection))]
public sealed class PackageTests(PackageFixture packages)
{
    private const string Hosting = "LoadBalancer.Aspire.Hosting";
    private const string Configuration = "LoadBalancer.Configuration";

    [Theory]
    [InlineData(Hosting)]
    [InlineData(Configuration)]
    public void Says_what_it_is(string package)
    {
        using var archive = packages.Open(package);
        var metadata = Nuspec(archive);

        Assert.Equal("MIT", Value(metadata, "license"));
        Assert.NotEqual("Package Description", Value(metadata, "description"));
        Assert.StartsWith($"# {package}", Text(archive, Value(metadata, "readme")));
        Assert.Equal([0x89, (byte)'P', (byte)'N', (byte)'G'], Bytes(archive, Value(metadata, "icon"))[..4]);
        Assert.Contains("M:", Text(archive, $"lib/net10.0/{package}.xml"));
        Assert.NotNull(archive.GetEntry($"lib/net10.0/{package}.dll"));
    }

    [Theory]
    [InlineData(Hosting)]
    [InlineData(Configuration)]
    public void Has_symbols(string package)
    {
        using var symbols = packages.Open(package, "snupkg");

        Assert.NotNull(symbols.GetEntry($"lib/net10.0/{package}.pdb"));
    }

    [Fact]
    public void Depends_on_what_its_api_shows_and_nothing_else()
    {
        using var archive = packages.Open(Hosting);
        var dependencies = Nuspec(archive).Descendants().Where(element => element.Name.LocalName == "dependency");

        Assert.Equal(
            [("Aspire.Hosting", AspireVersion()), (Configuration, packages.Version)],
            dependencies.Select(dependency => (dependency.Attribute("id")!.Value, dependency.Attribute("version")!.Value)).Order());
    }

    [Fact]
    public void Is_found_by_those_who_look_for_integrations_of_other_languages()
    {
        using var archive = packages.Open(Hosting);

        var tags = Value(Nuspec(archive), "tags").Split(' ');
        Assert.All((string[])["aspire", "hosting", "integration", "polyglot"], tag => Assert.Contains(tag, tags));
    }

    [Fact]
    public void Carries_the_program_for_any_platform()
    {
        using var archive = packages.Open(Hosting);
        var files = archive.Entries.Where(entry => entry.FullName.StartsWith("tools/server/", StringComparison.Ordinal)).ToArray();

        Assert.Contains(files, file => file.Name == "LoadBalancer.Server.dll");
        Assert.All(files, file => Assert.Contains(Path.GetExtension(file.Name), (string[])[".dll", ".json", ".pdb"]));
        Assert.All(files.Where(file => file.Name.EndsWith(".dll", StringComparison.Ordinal)), file => AssertPortable(file));
        using var dependencies = JsonDocument.Parse(Text(archive, "tools/server/LoadBalancer.Server.deps.json"));
        Assert.Equal(".NETCoreApp,Version=v10.0", dependencies.RootElement.GetProperty("runtimeTarget").GetProperty("name").GetString());
        using var runtime = JsonDocument.Parse(Text(archive, "tools/server/LoadBalancer.Server.runtimeconfig.json"));
        Assert.Equal(
            ["Microsoft.AspNetCore.App", "Microsoft.NETCore.App"],
            runtime.RootElement.GetProperty("runtimeOptions").GetProperty("frameworks").EnumerateArray().Select(framework => framework.GetProperty("name").GetString()!).Order());
    }

    /// <summary>Longer than other tests: restores, builds and starts an AppHost, as its user would.</summary>
    [Fact]
    public async Task Balances_in_an_AppHost_that_has_only_the_package()
    {
        await using var app = await PackagedAppHost.StartAsync(packages, AspireVersion());
        using var http = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero });

        await AnsweredByBothAsync(http, app.Edge);
        await AnsweredByBothAsync(http, app.Wire);
    }

    private static async Task AnsweredByBothAsync(HttpClient http, Uri address)
    {
        var seen = new HashSet<string>();
        await Eventually.GetAsync(
            async () =>
            {
                try
                {
                    using var answer = await http.GetAsync(address, TestContext.Current.CancellationToken);
                    if (answer.IsSuccessStatusCode)
                    {
                        seen.Add(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
                    }
                }
                catch (HttpRequestException)
                {
                    // Neither replica listens yet.
                }

                return seen.Count;
            },
            count => count == 2,
            TimeSpan.FromMinutes(2));
    }

    private static void AssertPortable(ZipArchiveEntry file)
    {
        using var content = file.Open();
        using var memory = new MemoryStream();
        content.CopyTo(memory);
        memory.Position = 0;
        using var reader = new PEReader(memory);
        var header = reader.PEHeaders.CorHeader;
        Assert.True(
            header is not null && header.Flags.HasFlag(CorFlags.ILOnly) && header.ManagedNativeHeaderDirectory.Size == 0,
            $"{file.FullName} has code for one platform.");
    }

    private static string AspireVersion() => typeof(DistributedApplication).Assembly.GetName().Version!.ToString(3);

    private static XElement Nuspec(ZipArchive archive)
    {
        using var content = archive.Entries.Single(entry => entry.FullName.EndsWith(".nuspec", StringComparison.Ordinal)).Open();
        return XDocument.Load(content).Root!.Elements().Single();
    }

    private static string Value(XElement metadata, string name) => metadata.Elements().Single(element => element.Name.LocalName == name).Value;

    private static string Text(ZipArchive archive, string path)
    {
        using var reader = new StreamReader(new MemoryStream(Bytes(archive, path)));
        return reader.ReadToEnd();
    }

    private static byte[] Bytes(ZipArchive archive, string path)
    {
        using var content = (archive.GetEntry(path) ?? throw new InvalidOperationException($"There is no '{path}'.")).Open();
        using var memory = new MemoryStream();
        content.CopyTo(memory);
        return memory.ToArray();
    }
}
