using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Aspire.Hosting.ApplicationModel;
using LoadBalancer.Configuration;

namespace Aspire.Hosting.Tests;

/// <summary>Listeners of a Layer 7 balancer beside the one that it comes with, and their certificates.</summary>
public sealed class Layer7ListenerBuilderTests
{
    private readonly IDistributedApplicationBuilder _builder = Model.NewBuilder();
    private readonly IResourceBuilder<Layer7LoadBalancerResource> _edge;

    public Layer7ListenerBuilderTests()
    {
        var api = _builder.AddProgram("api").WithHttpEndpoint(env: "PORT");
        _edge = _builder.AddLayer7LoadBalancer("edge").WithRoute("/{**rest}", api);
    }

    private Dictionary<string, Layer7ListenerOptions> Listeners => _edge.Describe().LoadBalancer.Layer7.Listeners;

    private string PathOf(string file) => Path.GetFullPath(file, _builder.AppHostDirectory);

    [Fact]
    public async Task An_HTTPS_listener_is_an_endpoint_that_the_balancer_itself_listens_on()
    {
        _edge.WithHttpsListener(8443);

        var endpoint = _edge.GetEndpoint("https").EndpointAnnotation;
        var environment = await Model.EnvironmentOfAsync(_edge.Resource);

        Assert.Equal(("https", "https", 8443, 8443, false), (endpoint.Name, endpoint.UriScheme, endpoint.Port, endpoint.TargetPort, endpoint.IsProxied));
        Assert.Equal("localhost:{edge.bindings.https.targetPort}", Model.ExpressionOf(environment["LoadBalancer__Layer7__Listeners__https__Address"]));
        Assert.Equivalent(new Layer7ListenerOptions { Tls = new() }, Listeners["https"], strict: true);
        Assert.Null(Listeners["http"].Tls);
    }

    [Fact]
    public async Task A_service_that_references_it_learns_both_entrances()
    {
        var client = _builder.AddProgram("client").WithReference(_edge.WithHttpsListener());

        var environment = await Model.EnvironmentOfAsync(client.Resource);

        Assert.Equal("{edge.bindings.http.url}", Model.ExpressionOf(environment["services__edge__http__0"]));
        Assert.Equal("{edge.bindings.https.url}", Model.ExpressionOf(environment["services__edge__https__0"]));
    }

    [Fact]
    public async Task Every_option_of_an_HTTPS_listener_reaches_the_configuration()
    {
        var password = _builder.AddParameter("pfx", "open-sesame", secret: true);
        _edge.WithHttpsListener(
            configure: l => l
                .WithProtocols(HttpListenerProtocols.Http1AndHttp2AndHttp3)
                .WithCertificate("shop", "certs/shop.pem", "certs/shop.key", serverNames: ["shop.localhost", "*.shop.localhost"])
                .WithCertificate("others", "/certs/others.pfx", password: password)
                .WithMinimumTlsVersion(TlsVersion.Tls13)
                .WithClientCertificates(["certs/clients.pem"], ClientCertificateMode.Request, checkRevocation: true, forwardHeader: "X-Client-Cert"),
            name: "secure");

        var listener = Listeners["secure"];
        var environment = await Model.EnvironmentOfAsync(_edge.Resource);

        Assert.Equal(HttpListenerProtocols.Http1AndHttp2AndHttp3, listener.Protocols);
        Assert.Equal((PathOf("certs/shop.pem"), PathOf("certs/shop.key")), (listener.Tls!.Certificates["shop"].Path, listener.Tls.Certificates["shop"].KeyPath));
        Assert.Equal(["shop.localhost", "*.shop.localhost"], listener.Tls.Certificates["shop"].ServerNames);
        Assert.Equal((PathOf("/certs/others.pfx"), null, null), (listener.Tls.Certificates["others"].Path, listener.Tls.Certificates["others"].KeyPath, listener.Tls.Certificates["others"].Password));
        Assert.Same(password.Resource, environment["LoadBalancer__Layer7__Listeners__secure__Tls__Certificates__others__Password"]);
        Assert.DoesNotContain("LoadBalancer__Layer7__Listeners__secure__Tls__Certificates__shop__Password", environment);
        Assert.Equal(TlsVersion.Tls13, listener.Tls.MinimumVersion);
        Assert.Equal((ClientCertificateMode.Request, true, "X-Client-Cert"), (listener.Tls.ClientCertificate!.Mode, listener.Tls.ClientCertificate.CheckRevocation, listener.Tls.ClientCertificate.ForwardHeader));
        Assert.Equal([PathOf("certs/clients.pem")], listener.Tls.ClientCertificate.TrustedCa);
        Assert.DoesNotContain("open-sesame", _edge.Describe().ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void Listeners_in_clear_text_may_speak_HTTP_2_and_read_the_PROXY_protocol()
    {
        _edge
            .WithHttpListener("grpc", 8081, l => l.WithProtocols(HttpListenerProtocols.Http2))
            .WithHttpListener("proxied", configure: l => l.WithProxyProtocol(["10.0.0.0/8"], TimeSpan.FromSeconds(5)));

        Assert.Equal(8081, _edge.GetEndpoint("grpc").EndpointAnnotation.Port);
        Assert.Equal(HttpListenerProtocols.Http2, Listeners["grpc"].Protocols);
        Assert.Equivalent(new AcceptProxyProtocolOptions { TrustedNetworks = ["10.0.0.0/8"], Timeout = TimeSpan.FromSeconds(5) }, Listeners["proxied"].ProxyProtocol, strict: true);
    }

    [Fact]
    public void The_listener_that_the_balancer_comes_with_can_be_changed_bit_by_bit()
    {
        _edge.WithHttpListener(l => l.WithRedirectToHttps()).WithHttpListener(l => l.WithProxyProtocol(["::1"])).WithHttpsListener();

        Assert.Equal(new HttpsRedirectOptions(), Listeners["http"].RedirectToHttps);
        Assert.Equal(["::1"], Listeners["http"].ProxyProtocol!.TrustedNetworks);
        _edge.Resource.ThrowIfUnusable();
    }

    [Fact]
    public void A_redirect_needs_to_know_where_to_by_the_time_that_the_AppHost_starts()
    {
        _edge.WithHttpListener(l => l.WithRedirectToHttps());
        var none = Assert.Throws<DistributedApplicationException>(_edge.Resource.ThrowIfUnusable);
        _edge.WithHttpsListener();
        _edge.Resource.ThrowIfUnusable();
        var several = Assert.Throws<ArgumentException>("configure", () => _edge.WithHttpsListener(name: "second"));
        _edge.WithHttpListener(l => l.WithRedirectToHttps(8443));

        Assert.Equal("Load balancer 'edge': Layer7:Listeners:http:RedirectToHttps:Port is missing, and no listener has Tls; must be a port from 1 to 65535.", none.Message);
        Assert.StartsWith("Layer7:Listeners:http:RedirectToHttps:Port is missing, and https and second have Tls; must be a port from 1 to 65535.", several.Message, StringComparison.Ordinal);
        _edge.Resource.ThrowIfUnusable();
    }

    [Fact]
    public void A_value_that_breaks_the_contract_is_refused_with_what_is_allowed()
    {
        var open = _builder.AddParameter("open", "text");

        Refuses("protocols", "Protocols 'Http1AndHttp2' needs Tls, in whose handshake one is chosen; must be Http1 or Http2.", b => b.WithHttpListener(l => l.WithProtocols(HttpListenerProtocols.Http1AndHttp2)));
        Refuses("trustedNetworks", "ProxyProtocol:TrustedNetworks:0 'x' is not a network", b => b.WithHttpListener(l => l.WithProxyProtocol(["x"])));
        Refuses("trustedNetworks", "ProxyProtocol:TrustedNetworks is empty;", b => b.WithHttpListener(l => l.WithProxyProtocol([])));
        Refuses("timeout", "ProxyProtocol:Timeout '00:00:00' is out of range; must be 00:00:00.01 to 00:01:00.", b => b.WithHttpListener(l => l.WithProxyProtocol(["::1"], TimeSpan.Zero)));
        Refuses("port", "RedirectToHttps:Port '0' is out of range; must be 1 to 65535.", b => b.WithHttpListener(l => l.WithRedirectToHttps(0)));
        Refuses("protocols", "ProxyProtocol cannot be used with Protocols Http1AndHttp2AndHttp3", b => b.WithHttpsListener(configure: l => l.WithProxyProtocol(["::1"]).WithProtocols(HttpListenerProtocols.Http1AndHttp2AndHttp3)));
        Refuses("name", "'a:b' is not a name of a certificate", b => b.WithHttpsListener(configure: l => l.WithCertificate("a:b", "x.pem")));
        Refuses("name", "'a__b' has '__', which divides the names of environment variables", b => b.WithHttpsListener(configure: l => l.WithCertificate("a__b", "x.pem")));
        Refuses("name", "The listener has a certificate 'A' already", b => b.WithHttpsListener(configure: l => l.WithCertificate("a", "x.pem").WithCertificate("A", "y.pem")));
        Refuses("path", "", b => b.WithHttpsListener(configure: l => l.WithCertificate("a", "")));
        Refuses("keyPath", "", b => b.WithHttpsListener(configure: l => l.WithCertificate("a", "x.pem", " ")));
        Refuses("password", "The parameter 'open' is not a secret; must be added with secret: true.", b => b.WithHttpsListener(configure: l => l.WithCertificate("a", "x.pem", password: open)));
        Refuses("serverNames", "Tls:Certificates:a:ServerNames:0 'https://x' is not a server name", b => b.WithHttpsListener(configure: l => l.WithCertificate("a", "x.pem", serverNames: ["https://x"])));
        Refuses("serverNames", "Tls:Certificates:b:ServerNames is empty, as with certificate 'a'", b => b.WithHttpsListener(configure: l => l.WithCertificate("a", "x.pem").WithCertificate("b", "y.pem")));
        Refuses("trustedCa", "Tls:ClientCertificate:TrustedCa is missing", b => b.WithHttpsListener(configure: l => l.WithClientCertificates([])));
        Refuses("forwardHeader", "Tls:ClientCertificate:ForwardHeader 'a b' is not a header name", b => b.WithHttpsListener(configure: l => l.WithClientCertificates(["ca.pem"], forwardHeader: "a b")));
        Refuses("name", "'refusing' has an endpoint 'ADMIN' already; a listener must have a name of its own.", b => b.WithHttpsListener(name: "ADMIN"));
        Refuses("name", "'refusing' has an endpoint 'http' already; a listener must have a name of its own.", b => b.WithHttpListener("http"));

        void Refuses(string argument, string message, Action<IResourceBuilder<Layer7LoadBalancerResource>> configure)
        {
            var exception = Assert.Throws<ArgumentException>(argument, () => configure(Model.NewBuilder().AddLayer7LoadBalancer("refusing")));
            Assert.StartsWith(message, exception.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void What_is_no_port_or_none_of_an_enumeration_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>("port", () => _edge.WithHttpsListener(0));
        Assert.Throws<ArgumentOutOfRangeException>("port", () => _edge.WithHttpListener("other", 65_536));
        Assert.Throws<ArgumentOutOfRangeException>("protocols", () => _edge.WithHttpListener(l => l.WithProtocols((HttpListenerProtocols)9)));
        Assert.Throws<ArgumentOutOfRangeException>("version", () => _edge.WithHttpsListener(configure: l => l.WithMinimumTlsVersion((TlsVersion)9)));
        Assert.Throws<ArgumentOutOfRangeException>("mode", () => _edge.WithHttpsListener(configure: l => l.WithClientCertificates(["ca.pem"], (ClientCertificateMode)9)));
    }

#pragma warning disable ASPIRECERTIFICATES001 // Certificates of resources are experimental in Aspire 13.5.
    [Fact]
    public async Task The_certificate_that_Aspire_gives_the_balancer_is_for_listeners_without_one_for_all_names()
    {
        using var certificate = SelfSigned();
        var password = _builder.AddParameter("pfx", "open-sesame", secret: true);
        _edge
            .WithHttpsListener()
            .WithHttpsListener(name: "named", configure: l => l.WithCertificate("shop", "shop.pem", serverNames: ["shop.localhost"]))
            .WithHttpsListener(name: "own", configure: l => l.WithCertificate("all", "all.pem"))
            .WithHttpsCertificate(certificate, password);

        var environment = await CertificateEnvironmentAsync(_edge.Resource, password.Resource);

        Assert.Equal(
            [
                "LoadBalancer__Layer7__Listeners__https__Tls__Certificates__WithHttpsCertificate__Password",
                "LoadBalancer__Layer7__Listeners__https__Tls__Certificates__WithHttpsCertificate__Path",
                "LoadBalancer__Layer7__Listeners__named__Tls__Certificates__WithHttpsCertificate__Password",
                "LoadBalancer__Layer7__Listeners__named__Tls__Certificates__WithHttpsCertificate__Path",
            ],
            environment.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("the.pfx", await ((IValueProvider)environment["LoadBalancer__Layer7__Listeners__https__Tls__Certificates__WithHttpsCertificate__Path"]).GetValueAsync(TestContext.Current.CancellationToken));
        Assert.Same(password.Resource, environment["LoadBalancer__Layer7__Listeners__https__Tls__Certificates__WithHttpsCertificate__Password"]);
    }

    [Fact]
    public async Task The_developer_certificate_is_the_balancers_to_find_so_that_its_key_is_written_nowhere()
    {
        _edge.WithHttpsListener();
        Assert.Empty(await CertificateEnvironmentAsync(_edge.Resource, null));

        _edge.WithHttpsDeveloperCertificate();
        Assert.Empty(await CertificateEnvironmentAsync(_edge.Resource, null));
    }

    private static async Task<Dictionary<string, object>> CertificateEnvironmentAsync(IResource resource, IValueProvider? password)
    {
        var context = new HttpsCertificateConfigurationCallbackAnnotationContext
        {
            ExecutionContext = new(DistributedApplicationOperation.Run),
            Resource = resource,
            Arguments = [],
            EnvironmentVariables = [],
            CertificatePath = ReferenceExpression.Create($"the.crt"),
            KeyPath = ReferenceExpression.Create($"the.key"),
            CertificateWithKeyPath = ReferenceExpression.Create($"the.pem"),
            PfxPath = ReferenceExpression.Create($"the.pfx"),
            Password = password,
            CancellationToken = TestContext.Current.CancellationToken,
        };
        foreach (var annotation in resource.Annotations.OfType<HttpsCertificateConfigurationCallbackAnnotation>())
        {
            await annotation.Callback(context);
        }

        return context.EnvironmentVariables;
    }
#pragma warning restore ASPIRECERTIFICATES001

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256).CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddHours(1));
    }
}
