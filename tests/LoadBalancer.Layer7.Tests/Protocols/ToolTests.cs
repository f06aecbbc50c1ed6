using System.Text.RegularExpressions;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Tests.Tls;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace LoadBalancer.Layer7.Tests.Protocols;

/// <summary>Clients that others wrote: curl, nghttp, h2load and a browser.</summary>
public sealed partial class ToolTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TestAuthority _authority = TestAuthority.Create();
    private readonly CertificateDirectory _files = new();

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public void Dispose()
    {
        _authority.Dispose();
        _files.Dispose();
    }

    [Theory]
    [InlineData(ClientKind.H1, "--http1.1", "1.1")]
    [InlineData(ClientKind.H1, "--http1.0", "1.1")]
    [InlineData(ClientKind.H2C, "--http2-prior-knowledge", "2")]
    [InlineData(ClientKind.H1Tls, "--http1.1", "1.1")]
    [InlineData(ClientKind.H2Tls, "--http2", "2")]
    public async Task Curl_gets_and_posts(ClientKind kind, string version, string spoken)
    {
        Tool.Require("curl");
        await using var backend = await ScriptedBackend.StartAsync(EchoAsync);
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        var url = gateway.UriOf(kind).AbsoluteUri;
        var body = _files.PathOf("body");
        // More than a megabyte, so that curl asks first (Expect: 100-continue).
        await File.WriteAllTextAsync(body, new string('x', 3_000_000), Cancelled);

        var got = await CurlAsync(version, url, "-w", " %{http_version} %{http_code}");
        var posted = await CurlAsync(version, url, "--data-binary", $"@{body}", "-w", " %{http_version} %{http_code}");

        Assert.Equal($"GET  {spoken} 200", got);
        Assert.Equal($"POST {new string('x', 3_000_000)} {spoken} 200", posted);
    }

    [Fact]
    public async Task Curl_sends_a_body_of_unknown_length()
    {
        Tool.Require("curl");
        await using var backend = await ScriptedBackend.StartAsync(EchoAsync);
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        var body = _files.PathOf("body");
        await File.WriteAllTextAsync(body, new string('x', 300_000), Cancelled);

        var chunked = await CurlAsync("--http1.1", gateway.UriOf(ClientKind.H1).AbsoluteUri, "-H", "Transfer-Encoding: chunked", "-T", body);

        Assert.Equal($"PUT {new string('x', 300_000)}", chunked);
    }

    [Fact]
    public async Task Nghttp_multiplexes_requests_on_one_connection()
    {
        Tool.Require("nghttp");
        await using var backend = await ScriptedBackend.StartAsync(EchoAsync);
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);
        var url = gateway.UriOf(ClientKind.H2C).AbsoluteUri;

        var output = await Tool.RunAsync("nghttp", "--stat", "--null-out", "-m", "50", url);

        Assert.Equal(50, StatusLine().Count(output));
    }

    [Theory]
    [InlineData(ClientKind.H2C)]
    [InlineData(ClientKind.H2Tls)]
    public async Task H2load_loses_no_request_of_many_streams(ClientKind kind)
    {
        Tool.Require("h2load");
        await using var backend = await ScriptedBackend.StartAsync(EchoAsync, HttpProtocols.Http2);
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address, options => options.Pools["web"].HttpVersion = BackendHttpVersion.Http2);

        var output = await Tool.RunAsync("h2load", "-n", "2000", "-c", "4", "-m", "100", "-t", "1", gateway.UriOf(kind).AbsoluteUri);

        Assert.Contains("2000 total, 2000 started, 2000 done, 2000 succeeded, 0 failed, 0 errored, 0 timeout", output);
        Assert.Equal(0, await gateway.FailuresAfterwardsAsync());
    }

    [Theory]
    [InlineData(ClientKind.H1)]
    [InlineData(ClientKind.H2Tls)]
    public async Task A_browser_s_page_talks_over_a_web_socket_and_hears_events(ClientKind kind)
    {
        Tool.Require("chromium");
        const string Page = """
            <!doctype html><script>
            const tell = text => fetch('/outcome', { method: 'POST', body: text });
            const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws');
            socket.onopen = () => socket.send('hello');
            socket.onerror = () => tell('socket failed');
            socket.onmessage = message => {
                const events = new EventSource('/events');
                events.onerror = () => tell('events failed');
                events.onmessage = event => { events.close(); socket.onclose = close => tell(`${message.data} ${event.data} ${close.code} ${close.wasClean}`); socket.close(1000); };
            };
            </script>
            """;
        var outcome = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var backend = await ScriptedBackend.StartAsync(async context =>
        {
            switch (context.Request.Path.Value)
            {
                case "/ws":
                    using (var socket = await context.WebSockets.AcceptWebSocketAsync())
                    {
                        var buffer = new byte[100];
                        var received = await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
                        await socket.SendAsync(buffer.AsMemory(0, received.Count), received.MessageType, true, context.RequestAborted);
                        await socket.ReceiveAsync(buffer.AsMemory(), context.RequestAborted);
                        await socket.CloseAsync(System.Net.WebSockets.WebSocketCloseStatus.NormalClosure, null, context.RequestAborted);
                    }

                    return;
                case "/events":
                    context.Response.ContentType = "text/event-stream";
                    await context.Response.WriteAsync("data: event\n\n");
                    await context.Response.Body.FlushAsync();
                    await Task.Delay(Timeout.Infinite, context.RequestAborted).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                    return;
                case "/outcome":
                    using (var reader = new StreamReader(context.Request.Body))
                    {
                        outcome.TrySetResult(await reader.ReadToEndAsync());
                    }

                    return;
                default:
                    context.Response.ContentType = "text/html";
                    await context.Response.WriteAsync(Page);
                    return;
            }
        });
        await using var gateway = await Gateway.StartAsync(_authority, backend.Address);

        var profile = Directory.CreateTempSubdirectory("lb-browser-");
        using var browser = Tool.Start(
            "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--ignore-certificate-errors", "--remote-debugging-port=0",
            $"--user-data-dir={profile.FullName}", gateway.UriOf(kind).AbsoluteUri);
        try
        {
            Assert.Equal("hello event 1000 true", await outcome.Task.WaitAsync(Patience, Cancelled));
        }
        finally
        {
            browser.Kill(entireProcessTree: true);
            await browser.WaitForExitAsync(Cancelled);
            // Its children end a moment later.
            await TestBalancer.WaitUntilAsync(() => IsDeleted(profile));
        }
    }

    private static bool IsDeleted(DirectoryInfo directory)
    {
        try
        {
            directory.Delete(recursive: true);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static async Task EchoAsync(HttpContext context)
    {
        await context.Response.WriteAsync($"{context.Request.Method} ");
        await context.Request.Body.CopyToAsync(context.Response.Body, context.RequestAborted);
    }

    private Task<string> CurlAsync(string version, string url, params string[] arguments) =>
        Tool.RunAsync("curl", ["-sS", version, "--noproxy", "*", "--cacert", _files.WriteCertificates("ca.pem", _authority.Certificate), .. arguments, url]);

    [GeneratedRegex(@"^ *\d+ .* 200 +\d+ /$", RegexOptions.Multiline | RegexOptions.CultureInvariant)]
    private static partial Regex StatusLine();
}
