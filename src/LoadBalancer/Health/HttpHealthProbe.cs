using LoadBalancer.Backends;
using LoadBalancer.Tls;

namespace LoadBalancer.Health;

/// <summary>Passes when <c>GET</c> on a path is answered with a status from 200 to 399.</summary>
public sealed class HttpHealthProbe : IHealthProbe, IDisposable
{
    private readonly string _path;

    private readonly HttpMessageInvoker _client;

    /// <summary>Makes a probe.</summary>
    /// <param name="path">The path to ask for, starting with a slash.</param>
    /// <param name="tls">How backends with the scheme <c>https</c> are spoken to; null for the machine's own trust.</param>
    public HttpHealthProbe(string path, BackendTls? tls = null)
    {
        _path = path;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            // Without a propagator the handler makes no span: checks would bury the traffic in the traces.
            ActivityHeadersPropagator = null,
        };
        tls?.Configure(handler);
        _client = new(handler);
    }

    /// <inheritdoc/>
    public async Task<string?> CheckAsync(Backend backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{(backend.IsHttps ? "https" : "http")}://{backend.Id}{_path}");
            using var response = await _client.SendAsync(request, cancellationToken);
            var status = (int)response.StatusCode;
            return status is >= 200 and <= 399 ? null : $"GET {_path} answered {status}";
        }
        catch (HttpRequestException exception)
        {
            return $"GET {_path} failed: {exception.HttpRequestError}";
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();
}
