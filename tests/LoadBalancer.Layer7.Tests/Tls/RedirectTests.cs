using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Tls;

public sealed class RedirectTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("GET /a/b?c=d&e=%20f HTTP/1.1", "Host: shop.example", "https://shop.example:{port}/a/b?c=d&e=%20f")]
    [InlineData("POST /a%2Fb/../c HTTP/1.1", "Host: shop.example:8080", "https://shop.example:{port}/a%2Fb/../c")]
    [InlineData("GET / HTTP/1.1", "Host: [::1]:8080", "https://[::1]:{port}/")]
    [InlineData("GET / HTTP/1.1", "Host: [2001:db8::1]", "https://[2001:db8::1]:{port}/")]
    [InlineData("GET / HTTP/1.1", "Host: 127.0.0.1:8080", "https://127.0.0.1:{port}/")]
    [InlineData("GET //evil.example/x HTTP/1.1", "Host: shop.example", "https://shop.example:{port}//evil.example/x")]
    [InlineData("GET http://shop.example/a?b HTTP/1.1", "Host: shop.example", "https://shop.example:{port}/a?b")]
    public async Task Every_request_is_sent_to_the_listener_with_TLS(string request, string host, string expected)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new());

        var answer = await SendAsync(balancer.Uri, $"{request}\r\n{host}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");

        Assert.StartsWith("HTTP/1.1 308 Permanent Redirect\r\n", answer);
        Assert.Contains($"\r\nLocation: {expected.Replace("{port}", $"{balancer.UriOf("https").Port}")}\r\n", answer);
        Assert.Equal(0, backend.Requests);
    }

    [Theory]
    [InlineData(443, "https://shop.example/x")]
    [InlineData(9443, "https://shop.example:9443/x")]
    public async Task The_port_can_be_given(int port, string expected)
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new() { Port = port });

        Assert.Contains($"\r\nLocation: {expected}\r\n", await SendAsync(balancer.Uri, "GET /x HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n"));
    }

    [Fact]
    public async Task A_request_that_names_no_host_is_400()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new());

        Assert.StartsWith("HTTP/1.1 400 ", await SendAsync(balancer.Uri, "GET /x HTTP/1.0\r\n\r\n"));
    }

    [Fact]
    public async Task A_client_that_follows_arrives_with_method_and_body()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, new());
        using var client = balancer.CreateClient(handler =>
        {
            handler.AllowAutoRedirect = true;
            handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        });
        using var body = new StringContent("0123456789");

        using var response = await client.PostAsync("/length?x", body, Cancelled);
        var answer = await response.Content.ReadAsStringAsync(Cancelled);

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Contains("\"length\":10", answer);
        Assert.Equal("https", response.RequestMessage!.RequestUri!.Scheme);
    }

    [Fact]
    public async Task It_begins_and_ends_with_the_configuration_on_open_connections_too()
    {
        await using var backend = await TestBackend.StartAsync("a");
        await using var balancer = await StartAsync(backend, redirect: null);
        using var client = balancer.CreateClient();
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/", Cancelled)).StatusCode);

        await balancer.ApplyAsync(Options(new()));
        Assert.Equal(HttpStatusCode.PermanentRedirect, (await client.GetAsync("/", Cancelled)).StatusCode);

        await balancer.ApplyAsync(Options(redirect: null));
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/", Cancelled)).StatusCode);
    }

    private static Task<TestBalancer> StartAsync(TestBackend backend, HttpsRedirectOptions? redirect) => TestBalancer.StartAsync(Options(redirect), backend);

    private static LoadBalancerOptions Options(HttpsRedirectOptions? redirect)
    {
        var options = TlsTestExtensions.WithTls(new());
        options.Layer7.Listeners["http"].RedirectToHttps = redirect;
        return options;
    }

    private static async Task<string> SendAsync(Uri address, string request)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port, Cancelled);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request), Cancelled);
        using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
        return await reader.ReadToEndAsync(Cancelled);
    }
}
