using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.Tests.Publishing;

public sealed class PublishedConfigurationTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();

    [Fact]
    public void Keys_are_mounted_and_authorities_are_carried()
    {
        var catalog = Catalog();
        var edge = _builder.AddLayer7LoadBalancer("edge")
            .WithHttpsListener(8443, l => l.WithCertificate("shop", "certs/shop.pem", "certs/shop.key").WithClientCertificates(["certs/clients.pem"]))
            .WithRoute("/{**path}", catalog.GetEndpoint("https"))
            .WithPool(catalog.GetEndpoint("https"), p => p.WithBackendTls("certs/ca.crt").WithClientCertificate("certs/us.pfx"));

        var published = PublishedConfiguration.Of(edge.Resource);

        var tls = published.File.LoadBalancer.Layer7.Listeners["https"].Tls!;
        Assert.Equal(("/run/certificates/https-shop.pem", "/run/certificates/https-shop.key.key"), (tls.Certificates["shop"].Path, tls.Certificates["shop"].KeyPath));
        Assert.Equal(["/app/ca/https-0.pem"], tls.ClientCertificate!.TrustedCa);
        var backend = published.File.LoadBalancer.Pools["catalog"].BackendTls!;
        Assert.Equal(("/app/ca/catalog.crt", "/run/certificates/catalog-client.pfx"), (backend.TrustedCa, backend.ClientCertificate!.Path));
        Assert.Equal([Here("certs/clients.pem"), Here("certs/ca.crt")], published.Copies.OrderByDescending(copy => copy.Key, StringComparer.Ordinal).Select(copy => copy.Value));
        Assert.Equal(
            [
                $"mount '{Here("certs/us.pfx")}' at '/run/certificates/catalog-client.pfx'; the image has no keys, and without the file the container does not start.",
                $"mount '{Here("certs/shop.pem")}' at '/run/certificates/https-shop.pem'; the image has no keys, and without the file the container does not start.",
                $"mount '{Here("certs/shop.key")}' at '/run/certificates/https-shop.key.key'; the image has no keys, and without the file the container does not start.",
            ],
            published.Notes);
        // The AppHost's own model stays what it is.
        Assert.Equal(Here("certs/shop.pem"), edge.Resource.Listeners["https"].Tls!.Certificates["shop"].Path);
    }

    [Fact]
    public void What_needs_this_machine_is_done_otherwise_and_told()
    {
        var echo = _builder.AddContainer("echo", "echo").WithEndpoint(name: "tcp", scheme: "tcp", targetPort: 9000);
        var wire = _builder.AddLayer4LoadBalancer("wire").WithTcpListener("echo", 7000, echo.GetEndpoint("tcp"), l => l.WithNat());
        var edge = _builder.AddLayer7LoadBalancer("edge").WithAccessLog("logs/access.log").WithHttpsListener(8443).WithRoute("/{**path}", Catalog().GetEndpoint("http"));

        var (layer4, layer7) = (PublishedConfiguration.Of(wire.Resource), PublishedConfiguration.Of(edge.Resource));

        Assert.Equal(Layer4Mode.Relay, layer4.File.LoadBalancer.Layer4.Listeners["echo"].Mode);
        Assert.Equal("listener 'echo' relays; its mode Nat needs the host's kernel and CAP_NET_ADMIN.", Assert.Single(layer4.Notes));
        Assert.Null(layer7.File.LoadBalancer.Layer7.AccessLog!.File);
        Assert.Contains($"the access log goes to the container's output; its file '{Here("logs/access.log")}' is of this machine.", layer7.Notes);
        Assert.Contains("listener 'https' has no certificate and presents a self-signed one: there is no developer certificate in a container.", layer7.Notes);
    }

    [Fact]
    public void The_admin_endpoint_makes_room_for_a_listener()
    {
        var edge = _builder.AddLayer7LoadBalancer("edge", port: 9080).WithRoute("/{**path}", Catalog().GetEndpoint("http"));

        Assert.Equal("localhost:9081", PublishedConfiguration.Of(edge.Resource).File.LoadBalancer.Admin.Address);
    }

    [Fact]
    public async Task A_file_with_a_key_is_not_carried()
    {
        using var app = new PublishedApp();
        var path = Path.Combine(app.Folder, "ca.pem");
        await File.WriteAllTextAsync(path, "-----BEGIN PRIVATE KEY-----", TestContext.Current.CancellationToken);
        var catalog = app.Builder.AddContainer("catalog", "catalog").WithHttpsEndpoint(targetPort: 9001);
        app.Builder.AddLayer7LoadBalancer("edge").WithRoute("/{**path}", catalog.GetEndpoint("https")).WithPool(catalog.GetEndpoint("https"), p => p.WithBackendTls(path));

        await app.RunAsync();

        Assert.Contains(app.Warnings, warning => warning.Contains($"'{path}' has a private key and is not copied into an image; certificate authorities must be in a file without one.", StringComparison.Ordinal));
        Assert.False(File.Exists(Path.Combine(app.Folder, "edge.container", "ca", "catalog.pem")));
    }

    private IResourceBuilder<ContainerResource> Catalog() => _builder.AddContainer("catalog", "catalog").WithHttpEndpoint(targetPort: 9000).WithHttpsEndpoint(targetPort: 9001);

    private string Here(string path) => Path.GetFullPath(path, _builder.AppHostDirectory);
}
