using System.Globalization;
using System.Text.Json.Serialization;

namespace LoadBalancer.Configuration.Commands;

/// <summary>
/// Faults that a developer switches on at a pool, a backend or a route, to see how clients take them. Connections that
/// are open already get them too, save <see cref="Refuse"/>. On Layer 7 they act on requests.
/// </summary>
public sealed record FaultOptions
{
    /// <summary>Milliseconds by which bytes are held back, each way, 0 to 600,000. Default: 0.</summary>
    public int LatencyMilliseconds { get; set; }

    /// <summary>Milliseconds, 0 to 600,000, drawn anew for each chunk between none and this, that come on top of the latency. Default: 0.</summary>
    public int JitterMilliseconds { get; set; }

    /// <summary>Bytes a second, each way of each connection, 1 to 1,000,000,000. Default: no limit.</summary>
    public int? BytesPerSecond { get; set; }

    /// <summary>Bytes from the backend after which the connection is reset, 0 to 1,000,000,000. Default: never.</summary>
    public int? ResetAfterBytes { get; set; }

    /// <summary>Whether new connections are reset instead of being given to the backend. Default: false.</summary>
    public bool Refuse { get; set; }

    /// <summary>Whether bytes are swallowed both ways while connections stay open. Default: false.</summary>
    public bool BlackHole { get; set; }

    /// <summary>Layer 7: status that requests are answered with instead of being forwarded, 200 to 599. Default: none.</summary>
    public int? Status { get; set; }

    /// <summary>Layer 7: percent of the requests that the faults act on, drawn anew for each, 0 to 100. Default: 100.</summary>
    public int Percent { get; set; } = 100;

    /// <summary>Layer 7: header that a request must have for the faults to act on it. Default: none.</summary>
    public string? Header { get; set; }

    /// <summary>Layer 7: value that <see cref="Header"/> must have. Default: any.</summary>
    public string? HeaderValue { get; set; }

    /// <summary>Whether nothing is switched on, whatever the requests that it would act on.</summary>
    [JsonIgnore]
    public bool IsNone => this with { Percent = 100, Header = null, HeaderValue = null } == new FaultOptions();

    /// <summary>What is switched on, for the log.</summary>
    /// <returns>The members that differ from their defaults.</returns>
    public override string ToString()
    {
        (string Name, object? Value)[] set =
        [
            ("latencyMilliseconds", LatencyMilliseconds == 0 ? null : LatencyMilliseconds),
            ("jitterMilliseconds", JitterMilliseconds == 0 ? null : JitterMilliseconds),
            ("bytesPerSecond", BytesPerSecond),
            ("resetAfterBytes", ResetAfterBytes),
            ("refuse", Refuse ? "true" : null),
            ("blackHole", BlackHole ? "true" : null),
            ("status", Status),
            ("percent", Percent == 100 ? null : Percent),
            ("header", Header),
            ("headerValue", HeaderValue),
        ];
        return string.Join(", ", set.Where(member => member.Value is not null).Select(member => string.Create(CultureInfo.InvariantCulture, $"{member.Name} {member.Value}")));
    }

    /// <summary>Finds what is out of range.</summary>
    /// <returns>A message a value; none when all can be used.</returns>
    public IEnumerable<string> Validate()
    {
        if (LatencyMilliseconds is < 0 or > 600_000)
        {
            yield return $"latencyMilliseconds: '{LatencyMilliseconds}' is out of range; must be 0 to 600000";
        }

        if (JitterMilliseconds is < 0 or > 600_000)
        {
            yield return $"jitterMilliseconds: '{JitterMilliseconds}' is out of range; must be 0 to 600000";
        }

        if (BytesPerSecond is < 1 or > 1_000_000_000)
        {
            yield return $"bytesPerSecond: '{BytesPerSecond}' is out of range; must be 1 to 1000000000";
        }

        if (ResetAfterBytes is < 0 or > 1_000_000_000)
        {
            yield return $"resetAfterBytes: '{ResetAfterBytes}' is out of range; must be 0 to 1000000000";
        }

        if (Status is < 200 or > 599)
        {
            yield return $"status: '{Status}' is out of range; must be 200 to 599";
        }

        if (Percent is < 0 or > 100)
        {
            yield return $"percent: '{Percent}' is out of range; must be 0 to 100";
        }

        if (Header is not null && !OptionsValidator.IsToken(Header))
        {
            yield return $"header: '{Header}' is not a header name; must be a token such as X-Version";
        }

        if (HeaderValue is not null && Header is null)
        {
            yield return "headerValue: is given without header; must have the header whose value it is";
        }
    }
}
