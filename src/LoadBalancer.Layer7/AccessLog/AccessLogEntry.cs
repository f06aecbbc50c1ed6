using System.Net;
using LoadBalancer.Layer7.Affinity;
using LoadBalancer.Layer7.Caching;
using LoadBalancer.Layer7.Errors;
using LoadBalancer.Layer7.Forwarding;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace LoadBalancer.Layer7.AccessLog;

/// <summary>What the access log says of a request: a copy, since the request's own objects serve the next one.</summary>
internal sealed record AccessLogEntry
{
    // nginx's: the client went away before there was an answer.
    private const int ClientClosedRequest = 499;

    /// <summary>When it came, UTC.</summary>
    public required DateTime Time { get; init; }

    public required string Method { get; init; }

    public required string Host { get; init; }

    /// <summary>Path and query as they were sent.</summary>
    public required string Target { get; init; }

    public required string Protocol { get; init; }

    public required int Status { get; init; }

    public required string? ClientAddress { get; init; }

    public required string? UserAgent { get; init; }

    public required string? Referer { get; init; }

    public required string? Route { get; init; }

    public required string? Pool { get; init; }

    /// <summary>Name of the backend that was tried last.</summary>
    public required string? Backend { get; init; }

    public required int Attempts { get; init; }

    /// <summary>Until the answer was handed over whole.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Until the head of the answer went out.</summary>
    public required TimeSpan FirstByte { get; init; }

    public required TimeSpan QueueTime { get; init; }

    /// <summary>Bytes of the body that came.</summary>
    public required long BytesIn { get; init; }

    /// <summary>Bytes of the body that went out.</summary>
    public required long BytesOut { get; init; }

    /// <summary>What the cache did; null where nothing is known of it.</summary>
    public required string? Cache { get; init; }

    /// <summary>What affinity did; null where nothing is known of it.</summary>
    public required string? Affinity { get; init; }

    public required string? Refusal { get; init; }

    public required string TraceId { get; init; }

    /// <summary>Takes the copy.</summary>
    /// <param name="context">The request, at its end.</param>
    /// <param name="traffic">What was measured of it.</param>
    /// <param name="failure">What nobody caught; null when nothing was thrown.</param>
    public static AccessLogEntry Of(HttpContext context, Traffic traffic, Exception? failure)
    {
        var request = context.Request;
        var balanced = BalancedRequest.Of(context);
        var duration = traffic.Elapsed;
        return new()
        {
            Time = traffic.StartedAt,
            Method = request.Method,
            Host = request.Host.Value ?? "",
            Target = context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "",
            Protocol = request.Protocol,
            Status = StatusOf(context, failure),
            ClientAddress = TextOf(context.Connection.RemoteIpAddress),
            UserAgent = request.Headers.UserAgent,
            Referer = request.Headers.Referer,
            Route = balanced?.Route.Name,
            Pool = balanced?.Pool.Name,
            Backend = balanced?.Attempt?.Backend.Name,
            Attempts = balanced?.Attempts ?? 0,
            Duration = duration,
            FirstByte = traffic.FirstByte ?? duration,
            QueueTime = balanced?.QueueTime ?? TimeSpan.Zero,
            BytesIn = traffic.In,
            BytesOut = HttpMethods.IsHead(request.Method) ? 0 : traffic.Out,
            Cache = balanced is null or { Cache: CacheOutcome.None } ? null : balanced.Cache.ToString(),
            Affinity = balanced is null or { Affinity: AffinityState.None } ? null : balanced.Affinity.ToString(),
            Refusal = (Refused.Of(context) ?? (failure is BadHttpRequestException ? Forwarding.Refusal.BadRequest : null))?.ToString(),
            TraceId = ErrorAnswers.TraceIdOf(context),
        };
    }

    /// <summary>The status of a request that has ended, also where no answer went out.</summary>
    public static int StatusOf(HttpContext context, Exception? failure) =>
        context.Response.HasStarted ? context.Response.StatusCode
        : context.RequestAborted.IsCancellationRequested ? ClientClosedRequest
        : failure is null ? context.Response.StatusCode
        : (failure as BadHttpRequestException)?.StatusCode ?? StatusCodes.Status500InternalServerError;

    private static string? TextOf(IPAddress? address) => (address is { IsIPv4MappedToIPv6: true } ? address.MapToIPv4() : address)?.ToString();
}
