using System.Net;
using System.Net.Sockets;
using System.Text;
using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Tests.Forwarding.Http1;

/// <summary>A backend of sockets alone, which does with each request what a test says.</summary>
internal sealed class ScriptedBackend : IAsyncDisposable
{
    private readonly Socket _listener;
    private readonly Func<Exchange, Task> _script;
    private readonly CancellationTokenSource _stopped = new();
    private readonly Task _accepting;
    private int _connections;
    private int _requests;

    public ScriptedBackend(Func<Exchange, Task> script, EndPoint? address = null)
    {
        _script = script;
        address ??= new IPEndPoint(IPAddress.Loopback, 0);
        _listener = new(address.AddressFamily, SocketType.Stream, address is UnixDomainSocketEndPoint ? ProtocolType.Unspecified : ProtocolType.Tcp);
        _listener.Bind(address);
        _listener.Listen();
        _accepting = AcceptAsync();
    }

    public string Address => _listener.LocalEndPoint is UnixDomainSocketEndPoint path ? $"unix:{path}" : $"http://{_listener.LocalEndPoint}";

    /// <summary>Connections that were opened.</summary>
    public int Connections => Volatile.Read(ref _connections);

    /// <summary>Requests whose heads came.</summary>
    public int Requests => Volatile.Read(ref _requests);

    /// <summary>Answers every request alike.</summary>
    public static ScriptedBackend Answering(string answer) => new(exchange => exchange.SendAsync(answer));

    /// <summary>A balancer in front of it, in the pool "web".</summary>
    public async Task<TestBalancer> StartBalancerAsync(RouteOptions? route = null, Action<LoadBalancerOptions>? configure = null)
    {
        var options = TestBalancer.Options(("all", route ?? new()));
        options.Pools["web"].HealthCheck = new() { Type = HealthCheckType.None };
        options.Pools["web"].OutlierEjection = new() { ConsecutiveFailures = 1_000 };
        configure?.Invoke(options);
        var balancer = await TestBalancer.StartAsync(options, new Dictionary<string, TestBackend[]>());
        await balancer.SetBackendsAsync("web", Address);
        return balancer;
    }

    public async ValueTask DisposeAsync()
    {
        await _stopped.CancelAsync();
        _listener.Dispose();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _stopped.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            var socket = await _listener.AcceptAsync(_stopped.Token);
            var connection = Interlocked.Increment(ref _connections);
            _ = Task.Run(() => ServeAsync(socket, connection));
        }
    }

    private async Task ServeAsync(Socket socket, int connection)
    {
        using (socket)
        {
            try
            {
                for (var unread = ""; ;)
                {
                    var exchange = new Exchange(socket, connection, _stopped.Token) { Unread = unread };
                    if (!await exchange.ReadHeadAsync())
                    {
                        return;
                    }

                    Interlocked.Increment(ref _requests);
                    await _script(exchange);
                    unread = exchange.Unread;
                }
            }
            catch (Exception exception) when (exception is SocketException or ObjectDisposedException or OperationCanceledException)
            {
                // Closed by the script, the balancer or the end of the test.
            }
        }
    }

    /// <summary>A request and its answer.</summary>
    internal sealed class Exchange(Socket socket, int connection, CancellationToken stopped)
    {
        /// <summary>Which connection it came on, from 1.</summary>
        public int Connection => connection;

        /// <summary>The head of the request.</summary>
        public string Head { get; private set; } = "";

        /// <summary>What was received behind what was read.</summary>
        public string Unread { get; set; } = "";

        public string Path => Head.Split(' ')[1];

        public async Task<bool> ReadHeadAsync()
        {
            Head = await ReadUntilAsync("\r\n\r\n");
            return Head.Length > 0;
        }

        /// <summary>Reads up to a mark and with it; nothing at the end of the connection.</summary>
        public async Task<string> ReadUntilAsync(string mark)
        {
            int end;
            while ((end = Unread.IndexOf(mark, StringComparison.Ordinal)) < 0)
            {
                if (!await ReceiveAsync())
                {
                    return "";
                }
            }

            var text = Unread[..(end + mark.Length)];
            Unread = Unread[text.Length..];
            return text;
        }

        /// <summary>Reads a number of bytes.</summary>
        public async Task<string> ReadAsync(int count)
        {
            while (Unread.Length < count && await ReceiveAsync())
            {
            }

            var text = Unread[..Math.Min(count, Unread.Length)];
            Unread = Unread[text.Length..];
            return text;
        }

        /// <summary>Waits until the balancer has closed the connection.</summary>
        public async Task WaitForEndAsync()
        {
            try
            {
                while (await ReceiveAsync())
                {
                }
            }
            catch (SocketException)
            {
                // By a reset.
            }
        }

        public async Task SendAsync(string text) => await SendAsync(Encoding.Latin1.GetBytes(text));

        public async Task SendAsync(ReadOnlyMemory<byte> bytes)
        {
            while (!bytes.IsEmpty)
            {
                bytes = bytes[await socket.SendAsync(bytes, SocketFlags.None, stopped)..];
            }
        }

        public void Close() => socket.Dispose();

        /// <summary>Says that nothing more comes.</summary>
        public void Finish() => socket.Shutdown(SocketShutdown.Send);

        /// <summary>Closes it with a reset.</summary>
        public void Reset()
        {
            socket.LingerState = new(true, 0);
            socket.Dispose();
        }

        private async Task<bool> ReceiveAsync()
        {
            var buffer = new byte[16 * 1024];
            var received = await socket.ReceiveAsync(buffer, SocketFlags.None, stopped);
            Unread += Encoding.Latin1.GetString(buffer, 0, received);
            return received > 0;
        }
    }
}
