using System.Diagnostics;
using LoadBalancer.Backends;
using LoadBalancer.Configuration;
using LoadBalancer.Layer7.Resilience;
using Microsoft.AspNetCore.Http;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>One try of a request at one backend, or at a few at once where it is hedged.</summary>
internal sealed class Attempt(BalancingEndpoint endpoint, HttpContext context, BalancedRequest request, Backend backend, int number)
{
    private bool _isMoved;

    public HttpContext Context => context;

    public BalancedRequest Request => request;

    /// <summary>The backend that is asked; where several are, the one whose answer counts.</summary>
    public Backend Backend { get; private set; } = backend;

    /// <summary>Which it is, from 1.</summary>
    public int Number => number;

    /// <summary>When it began, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    public long StartedAt { get; private set; } = TimeProvider.System.GetTimestamp();

    /// <summary>Time that a fault of the backend held the request back before it began; a part of the backend's latency.</summary>
    public TimeSpan Held { get; init; }

    /// <summary>When the head of the answer had come; 0 while it has not.</summary>
    public long FirstByteAt { get; private set; }

    /// <summary>Status of the backend's answer; 0 while there is none.</summary>
    public int Status { get; private set; }

    /// <summary>Whether the answer made a connection of its own of it, such as a WebSocket.</summary>
    public bool IsUpgraded { get; private set; }

    /// <summary>Whether the backend may have seen something of the request.</summary>
    public bool RequestSent { get; set; } = true;

    /// <summary>What went wrong; null when nothing did.</summary>
    public Exception? Exception { get; set; }

    /// <summary>The time-out that ran out; null when none did.</summary>
    public RouteTimeout? Timeout { get; set; }

    /// <summary>Cancels it when it is too slow; null without a limit.</summary>
    public AttemptDeadline? Deadline { get; init; }

    /// <summary>Its span; null when nobody listens, when the request is not sampled, or where several backends have one each.</summary>
    public Activity? Span { get; set; }

    /// <summary>When it asks further backends because the first is slow; null when it does not. A forwarder that cannot do so must leave it to one that can.</summary>
    public HedgeOptions? Hedge { get; init; }

    /// <summary>The backend of the attempt that follows, picked because this answer is dropped; null while it is not.</summary>
    public Backend? Next { get; private set; }

    /// <summary>Asked when the head of the answer has come, before anything goes to the client.</summary>
    /// <param name="status">Status of the answer.</param>
    /// <returns>Whether the client gets this answer; if not, it is dropped and another attempt follows.</returns>
    public bool Accept(int status)
    {
        FirstByteAt = TimeProvider.System.GetTimestamp();
        Status = status;
        RecordLatency();
        IsUpgraded = status == StatusCodes.Status101SwitchingProtocols || (status == StatusCodes.Status200OK && request.IsUpgrade);
        Deadline?.HeadCame(IsUpgraded);
        Next = endpoint.Accept(this);
        return Next is null;
    }

    /// <summary>Tells the backend that it took until now.</summary>
    public void RecordLatency()
    {
        var elapsed = TimeProvider.System.GetElapsedTime(StartedAt);
        Backend.RecordLatency(_isMoved ? elapsed : Held + elapsed);
    }

    /// <summary>Picks a further backend, without waiting for room.</summary>
    /// <param name="excluded">Those that it must not be.</param>
    /// <returns>The backend, counted as active; null when there is none.</returns>
    public Backend? PickAnother(Backend[] excluded) => BalancingEndpoint.PickAnother(this, excluded);

    /// <summary>Another backend was asked as well, and its answer is the one that counts.</summary>
    public void MoveTo(Backend other, long startedAt)
    {
        _isMoved |= other != Backend;
        (Backend, StartedAt) = (other, startedAt);
    }
}
