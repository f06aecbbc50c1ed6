using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;

namespace LoadBalancer.Layer7.Tests.Tls;

/// <summary>A backend whose TLS handshake fails, after its connection was accepted.</summary>
internal sealed class FlawedBackend : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Flaw _flaw;
    private readonly X509Certificate2 _certificate;
    private readonly Task _serving;
    private int _greetings;

    /// <param name="flaw">What is wrong with it.</param>
    /// <param name="trusted">The authority that the balancer trusts.</param>
    public FlawedBackend(Flaw flaw, TestAuthority trusted)
    {
        using var stranger = TestAuthority.Create("Stranger");
        _flaw = flaw;
        _certificate = (flaw == Flaw.UntrustedCertificate ? stranger : trusted).Issue("127.0.0.1");
        _listener.Start();
        _serving = ServeAsync();
    }

    /// <summary>As service discovery names it.</summary>
    public string Address => $"https://{_listener.LocalEndpoint}";

    /// <summary>Connections on which it was sent something.</summary>
    public int Greetings => Volatile.Read(ref _greetings);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _serving;
        _certificate.Dispose();
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        var connections = new List<Task>();
        try
        {
            while (true)
            {
                connections.Add(SpoilAsync(await _listener.AcceptSocketAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
        {
            await Task.WhenAll(connections);
        }
    }

    private async Task SpoilAsync(Socket socket)
    {
        await using var stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            // Health checks connect and say nothing.
            if (await stream.ReadAsync(Memory<byte>.Empty, _stop.Token) != 0 || await socket.ReceiveAsync(new byte[1], SocketFlags.Peek, _stop.Token) == 0)
            {
                return;
            }

            Interlocked.Increment(ref _greetings);
            if (_flaw is Flaw.UntrustedCertificate or Flaw.OtherProtocol or Flaw.NoProtocol)
            {
                using var tls = new SslStream(stream);
                await tls.AuthenticateAsServerAsync(
                    new SslServerAuthenticationOptions { ServerCertificate = _certificate, ApplicationProtocols = _flaw == Flaw.OtherProtocol ? [new("other/1")] : null }, _stop.Token);
                await tls.ReadExactlyAsync(new byte[1], _stop.Token);
                return;
            }

            if (_flaw == Flaw.Resets)
            {
                socket.LingerState = new(true, 0);
                return;
            }

            var greeting = new byte[4096];
            _ = await stream.ReadAsync(greeting, _stop.Token);
            if (_flaw != Flaw.Closes)
            {
                await stream.WriteAsync(_flaw == Flaw.ClearText ? "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray() : greeting.Reverse().ToArray(), _stop.Token);
                await stream.ReadExactlyAsync(new byte[1], _stop.Token);
            }
        }
        catch (Exception exception) when (exception is IOException or SocketException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The balancer will have none of it, or the test is over.
        }
    }
}
