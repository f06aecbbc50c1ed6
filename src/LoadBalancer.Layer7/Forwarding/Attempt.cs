using LoadBalancer.Backends;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>One try of a request at one backend.</summary>
internal sealed class Attempt(BalancedRequest request, Backend backend, int number)
{
    public BalancedRequest Request => request;

    public Backend Backend => backend;

    /// <summary>Which it is, from 1.</summary>
    public int Number => number;

    /// <summary>When it began, as <see cref="TimeProvider.GetTimestamp"/> says.</summary>
    public long StartedAt { get; } = TimeProvider.System.GetTimestamp();

    /// <summary>When the head of the answer had come; 0 while it has not.</summary>
    public long FirstByteAt { get; private set; }

    /// <summary>Status of the backend's answer; 0 while there is none.</summary>
    public int Status { get; private set; }

    /// <summary>Whether the backend may have seen something of the request.</summary>
    public bool RequestSent { get; set; } = true;

    /// <summary>What went wrong; null when nothing did.</summary>
    public Exception? Exception { get; set; }

    /// <summary>Asked when the head of the answer has come, before anything goes to the client.</summary>
    /// <param name="status">Status of the answer.</param>
    /// <returns>Whether the client gets this answer; if not, it is dropped and another attempt follows.</returns>
    public bool Accept(int status)
    {
        FirstByteAt = TimeProvider.System.GetTimestamp();
        Status = status;
        backend.RecordLatency(TimeProvider.System.GetElapsedTime(StartedAt, FirstByteAt));
        return true;
    }
}
