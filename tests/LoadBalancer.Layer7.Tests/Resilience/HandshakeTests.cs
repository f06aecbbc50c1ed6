using System.Net;
using System.Net.Http.Json;
using LoadBalancer.Configuration;
using LoadBalancer.Configuration.Statistics;
using LoadBalancer.Layer7.Tests.Telemetry;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Resilience;

/// <summary>A backend whose TLS handshake fails has seen nothing of the request: it is one that cannot be connected.</summary>
public sealed class HandshakeTests : IDisposable
{
    private readonly TestAuthority _authority = TestAuthority.Create("Backends");
    private readonly CertificateDirectory _files = new();

    // Where the version is for the handshake to choose, HTTP/1.1 will do for a backend that says nothing.
    private static readonly Flaw[] OfEveryVersion = [.. Enum.GetValues<Flaw>().Where(flaw => flaw != Flaw.NoProtocol)];

    public static MatrixTheoryData<Flaw, Way> FlawsAndWays => new(OfEveryVersion, Enum.GetValues<Way>());

    public static MatrixTheoryData<Flaw, BackendHttpVersion> FlawsAndVersions => new(OfEveryVersion, [BackendHttpVersion.Http1, BackendHttpVersion.Http2]) { { Flaw.NoProtocol, BackendHttpVersion.Http2 } };

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Theory]
    [MemberData(nameof(FlawsAndWays))]
    public async Task Any_request_goes_to_another_backend_when_the_handshake_fails(Flaw flaw, Way way)
    {
        await using var flawed = new FlawedBackend(flaw, _authority);
        await using var sound = await StartBackendAsync();
        await using var balancer = await StartAsync(way, new() { Retry = new() { Budget = 0 } }, BackendHttpVersion.Auto, flawed.Address, sound.Address);
        using var client = balancer.CreateClient();

        foreach (var (method, body, isChunked) in new[] { ("GET", "", false), ("POST", "", false), ("POST", "hello", false), ("POST", "hello", true), ("PATCH", "hello", true), ("PUT", "hello", false) })
        {
            using var request = new HttpRequestMessage(new(method), "/length") { Content = body.Length == 0 ? null : new StringContent(body), Headers = { TransferEncodingChunked = isChunked } };
            using var response = await client.SendAsync(request, Cancelled);

            Assert.True(response.IsSuccessStatusCode, $"{method} {body} {isChunked}: {response.StatusCode} {await response.Content.ReadAsStringAsync(Cancelled)}");
            var answer = await response.Content.ReadFromJsonAsync<Answer>(Cancelled);
            Assert.Equal((method, (long)body.Length), (answer!.Method, answer.Length));
        }

        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Active == 0);
        var (backend, figures) = (balancer.Pools.Find("web")!.GetStatistics().Backends[0], balancer.Route("all"));
        // Six attempts, of which five in a row eject it; it has seen nothing of a request, and costs the budget nothing.
        Assert.Equal((5L, BackendState.Ejected), (backend.Failures, backend.State));
        Assert.Equal((5L, 0L, 0L), (figures.Resilience.Retries, figures.Resilience.RetriesRefused, figures.Failed));
        Assert.Equal(6, sound.Requests);
    }

    [Theory]
    [MemberData(nameof(FlawsAndVersions))]
    public async Task It_is_so_in_either_version_of_HTTP(Flaw flaw, BackendHttpVersion version)
    {
        await using var flawed = new FlawedBackend(flaw, _authority);
        await using var sound = await StartBackendAsync();
        await using var balancer = await StartAsync(Way.Own, new(), version, flawed.Address, sound.Address);
        using var client = balancer.CreateClient();

        using var content = new StringContent("hello");
        using var response = await client.PostAsync("/length", content, Cancelled);

        Assert.Equal((HttpStatusCode.OK, 5L), (response.StatusCode, (await response.Content.ReadFromJsonAsync<Answer>(Cancelled))!.Length));
        Assert.Equal(1, balancer.Pools.Find("web")!.GetStatistics().Backends[0].Failures);
    }

    [Theory]
    [InlineData(Flaw.UntrustedCertificate, "The remote certificate is invalid")]
    [InlineData(Flaw.Closes, "The backend ended the connection.")]
    [InlineData(Flaw.Resets, "The backend ended the connection.")]
    [InlineData(Flaw.Garbage, "")]
    [InlineData(Flaw.ClearText, "")]
    [InlineData(Flaw.NoProtocol, "The backend does not speak the HTTP version of the pool.")]
    [InlineData(Flaw.OtherProtocol, "The backend and the balancer could not agree.")]
    public async Task Without_another_backend_the_answer_says_that_it_was_the_handshake(Flaw flaw, string expected)
    {
        await using var flawed = new FlawedBackend(flaw, _authority);
        await using var balancer = await StartAsync(Way.Own, new(), BackendHttpVersion.Http2, flawed.Address);
        using var client = balancer.CreateClient();

        using var response = await client.GetAsync("/", Cancelled);

        var text = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.Equal((text, HttpStatusCode.BadGateway), (text, response.StatusCode));
        Assert.Contains("\"reason\": \"NotConnected\"", text);
        Assert.Contains($"No backend of pool 'web' could be connected for route 'all': the TLS handshake failed. {expected}", text);
        Assert.DoesNotContain("127.0.0.1", text);
        Assert.Equal(1, flawed.Greetings);
    }

    [Theory]
    [InlineData(Flaw.UntrustedCertificate)]
    [InlineData(Flaw.ClearText)]
    [InlineData(Flaw.Resets)]
    public async Task A_hedged_request_goes_to_another_backend_as_well(Flaw flaw)
    {
        await using var flawed = new FlawedBackend(flaw, _authority);
        await using var sound = await StartBackendAsync();
        await using var balancer = await StartAsync(Way.Own, new() { Hedge = new() { Delay = TimeSpan.FromSeconds(30) }, Retry = new() { Budget = 0 } }, BackendHttpVersion.Auto, flawed.Address, sound.Address);

        Assert.Equal("sound", (await balancer.GetAsync("/")).Replica);

        await TestBalancer.WaitUntilAsync(() => balancer.Pools.Find("web")!.GetStatistics().Active == 0);
        Assert.Equal(1, balancer.Pools.Find("web")!.GetStatistics().Backends[0].Failures);
        Assert.Equal((1L, 0L), (balancer.Route("all").Resilience.Retries, balancer.Route("all").Resilience.Hedges));
    }

    private Task<TestBackend> StartBackendAsync() => TestBackend.StartAsync("sound", HttpProtocols.Http1AndHttp2, listen => listen.UseHttps(_authority.Issue("127.0.0.1")));

    private async Task<TestBalancer> StartAsync(Way way, RouteOptions route, BackendHttpVersion version, params string[] addresses)
    {
        if (way == Way.Yarp)
        {
            TestBalancer.ForwardByYarp();
        }

        route.Policy = SelectionPolicy.First;
        var options = TestBalancer.Options(("all", route));
        options.Pools["web"].Service = "https+http://web";
        options.Pools["web"].HttpVersion = version;
        options.Pools["web"].BackendTls = new() { TrustedCa = _files.WriteCertificates("ca.pem", _authority.Certificate) };
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        var balancer = await TestBalancer.StartAsync(options);
        await balancer.SetBackendsAsync("web", addresses);
        return balancer;
    }
}
