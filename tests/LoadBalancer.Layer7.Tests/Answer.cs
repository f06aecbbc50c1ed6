namespace LoadBalancer.Layer7.Tests;

/// <summary>What a <see cref="TestBackend"/> answers.</summary>
internal sealed record Answer(string Replica, string Method, string Path, string Protocol, Dictionary<string, string> Headers, int Count, long Length);
