using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>
/// Requests that Kestrel answers before anybody else sees them, since it cannot read them (400) or they exceed its limits
/// (408, 414, 431): it tells of them as a diagnostic event, and only of HTTP/1.1.
/// </summary>
internal sealed class BadRequests(AccessLogger log) : IObserver<KeyValuePair<string, object?>>
{
    private const string EventName = "Microsoft.AspNetCore.Server.Kestrel.BadRequest";

    /// <summary>Begins to listen.</summary>
    public IDisposable Follow(DiagnosticListener listener) => listener.Subscribe(this, name => name == EventName);

    public void OnNext(KeyValuePair<string, object?> value)
    {
        // One that got further has its line already.
        if (value.Value is IFeatureCollection features && log.IsOn && features.Get<Traffic>() is null
            && features.Get<IBadRequestExceptionFeature>()?.Error is BadHttpRequestException error)
        {
            log.Write(AccessLogEntry.Of(new DefaultHttpContext(features), Traffic.None(), error));
        }
    }

    public void OnCompleted()
    {
    }

    public void OnError(Exception error)
    {
    }
}
