using System.Collections.Frozen;
using System.Diagnostics;
using System.Net.Http.Headers;

namespace LoadBalancer.Layer7.Forwarding;

/// <summary>W3C trace context and baggage of a request that HttpClient sends.</summary>
internal static class TraceContext
{
    // Those of before W3C too: what an older client sent must not contradict what is sent now.
    private static readonly FrozenSet<string> Fields =
        DistributedContextPropagator.Current.Fields.Concat(["Request-Id", "Correlation-Context", "traceparent", "tracestate", "baggage"]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    /// <summary>Makes the current span the parent of what the backend does. Without one, what the client sent goes on as it came.</summary>
    public static void Inject(HttpRequestHeaders headers)
    {
        if (Activity.Current is not { } span)
        {
            return;
        }

        foreach (var field in Fields)
        {
            headers.Remove(field);
        }

        DistributedContextPropagator.Current.Inject(span, headers, static (carrier, name, value) => ((HttpRequestHeaders)carrier!).TryAddWithoutValidation(name, value));
    }
}
