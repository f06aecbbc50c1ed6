using System.Net;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Tls;

namespace LoadBalancer.Health;

/// <summary>Passes when <c>GET</c> on a path is answered with a status from 200 to 399.</summary>
public sealed class HttpHealthProbe : IHealthProbe, IDisposable
{
    private static readonly HttpRequestOptionsKey<Backend> BackendKey = new(nameof(Backend));

    private readonly string _path;
    private readonly BackendHttpVersion _version;
    private readonly HttpMessageInvoker _client;

    /// <summary>Makes a probe.</summary>
    /// <param name="path">The path to ask for, starting with a slash.</param>
    /// <param name="tls">How backends with the scheme <c>https</c> are spoken to; null for the machine's own trust.</param>
    /// <param name="version">The HTTP version that is spoken; <see cref="BackendHttpVersion.Auto"/> is HTTP/1.1 in clear text.</param>
    public HttpHealthProbe(string path, BackendTls? tls = null, BackendHttpVersion version = BackendHttpVersion.Auto)
    {
        _path = path;
        _version = version;
        tls ??= BackendTls.Standard;
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            // Without a propagator the handler makes no span: checks would bury the traffic in the traces.
            ActivityHeadersPropagator = null,
            ConnectCallback = (context, cancellation) => BackendConnector.OpenAsync(BackendOf(context.InitialRequestMessage), tls, context.InitialRequestMessage, cancellation),
        };
        if (version == BackendHttpVersion.Http3)
        {
            tls.Configure(handler.SslOptions);
        }

        _client = new(handler);
    }

    /// <inheritdoc/>
    public async Task<string?> CheckAsync(Backend backend, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backend);
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, $"{backend.Url}{_path.AsSpan(1)}")
            {
                Version = _version switch
                {
                    BackendHttpVersion.Http1 => HttpVersion.Version11,
                    BackendHttpVersion.Http3 => HttpVersion.Version30,
                    _ => HttpVersion.Version20,
                },
                VersionPolicy = _version == BackendHttpVersion.Auto ? HttpVersionPolicy.RequestVersionOrLower : HttpVersionPolicy.RequestVersionExact,
            };
            request.Options.Set(BackendKey, backend);
            BackendConnector.AddHost(backend, request.Headers);
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

    private static Backend BackendOf(HttpRequestMessage request) =>
        request.Options.TryGetValue(BackendKey, out var backend) ? backend : throw new InvalidOperationException("The request names no backend.");
}
