using System.Collections.Frozen;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LoadBalancer.Backends;
using LoadBalancer.Diagnostics;
using LoadBalancer.Layer7.Resilience;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>
/// The client span of an attempt, by OpenTelemetry's conventions for HTTP, whoever forwards it: retries are siblings, and
/// the backend's server span is its child. HttpClient's own spans are off, since there would be two.
/// </summary>
internal static class AttemptSpan
{
    // Methods that the conventions take as they are (RFC 9110 and RFC 5789); another one could be anything.
    private static readonly FrozenSet<string> Methods =
        new[] { "CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE" }.ToFrozenSet(StringComparer.Ordinal);

    /// <summary>Begins the span of an attempt.</summary>
    /// <returns>The span, which the caller ends; null when nobody listens, or the request is not sampled.</returns>
    public static Activity? Start(Attempt attempt) =>
        LoadBalancerTelemetry.Source.HasListeners() ? Start(attempt.Context.Request.Method, attempt.Request.Pool, attempt.Backend, attempt.Number) : null;

    /// <summary>Begins the span of a request to a backend.</summary>
    /// <param name="method">Its method.</param>
    /// <param name="pool">The pool.</param>
    /// <param name="backend">The backend.</param>
    /// <param name="number">Which attempt it is, from 1.</param>
    public static Activity? Start(string method, BackendPool pool, Backend backend, int number)
    {
        var isKnown = Methods.Contains(method);
        var span = LoadBalancerTelemetry.Source.StartActivity(isKnown ? method : "HTTP", ActivityKind.Client);
        if (span is not { IsAllDataRequested: true })
        {
            return span;
        }

        span.SetTag("http.request.method", isKnown ? method : "_OTHER");
        span.SetTag("http.request.method_original", isKnown ? null : method);
        var (host, port) = backend.EndPoint switch
        {
            IPEndPoint address => (address.Address.ToString(), (int?)address.Port),
            DnsEndPoint name => (name.Host, name.Port),
            var other => (other.ToString(), null),
        };
        span.SetTag("server.address", host);
        span.SetTag("server.port", port);
        // What the dashboard shows of a backend that tells nothing of itself.
        span.SetTag("peer.service", backend.Name);
        span.SetTag("network.transport", backend.EndPoint is UnixDomainSocketEndPoint ? "unix" : null);
        span.SetTag("http.request.resend_count", number > 1 ? number - 1 : null);
        span.SetTag(LoadBalancerTelemetry.PoolKey, pool.Name);
        span.SetTag(LoadBalancerTelemetry.BackendKey, backend.Id);
        span.SetTag(LoadBalancerTelemetry.ReplicaKey, backend.Name);
        span.SetTag(LoadBalancerTelemetry.AttemptKey, number);
        return span;
    }

    /// <summary>Says where the request goes. What a query asks for may be a secret, so that it has one is all that is said.</summary>
    public static void Address(Activity span, Uri url) => Address(span, url.GetLeftPart(UriPartial.Path), hasQuery: url.Query.Length > 1);

    /// <inheritdoc cref="Address(Activity, Uri)"/>
    public static void Address(Activity span, string url, bool hasQuery)
    {
        if (span.IsAllDataRequested)
        {
            span.SetTag("url.full", hasQuery ? $"{url}?*" : url);
        }
    }

    /// <summary>Notes the head of an answer.</summary>
    public static void Answered(Activity span, int status, Version version)
    {
        if (!span.IsAllDataRequested)
        {
            return;
        }

        span.SetTag("http.response.status_code", status);
        // Of HTTP/2 and HTTP/3 there is no minor version.
        span.SetTag("network.protocol.version", version.Major > 1 ? version.Major.ToString(CultureInfo.InvariantCulture) : version.ToString());
        if (status >= StatusCodes.Status400BadRequest)
        {
            span.SetTag("error.type", status.ToString(CultureInfo.InvariantCulture));
            span.SetStatus(ActivityStatusCode.Error);
        }
    }

    /// <summary>Says why there is no answer, or not the whole of one.</summary>
    public static void Failed(Activity span, string type, string? reason)
    {
        if (span.IsAllDataRequested)
        {
            span.SetTag("error.type", type);
            span.SetStatus(ActivityStatusCode.Error, reason);
        }
    }

    /// <summary>Says what an attempt came to. That its client went away is no fault of the backend's.</summary>
    public static void End(Activity span, Attempt attempt, AttemptResult result, string reason)
    {
        if (!span.IsAllDataRequested)
        {
            return;
        }

        if (attempt.Next is not null)
        {
            span.SetTag(LoadBalancerTelemetry.ReasonKey, "dropped: the route retries this status");
        }
        else if (result == AttemptResult.ClientGone)
        {
            span.SetTag(LoadBalancerTelemetry.ReasonKey, "the client went away");
        }
        else if (result != AttemptResult.Answered)
        {
            Failed(span, attempt.Timeout is { } timeout ? $"{result}.{timeout}" : result.ToString(), reason);
        }
    }
}
