namespace LoadBalancer.EndToEnd.Tests;

/// <summary>A span as a process exported it.</summary>
internal sealed record ReceivedSpan(string Service, string Name, string TraceId, string SpanId, string ParentSpanId, IReadOnlyDictionary<string, string> Attributes);
