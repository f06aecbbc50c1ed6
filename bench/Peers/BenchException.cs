namespace Peers;

/// <summary>Something that ends a run, or makes a row invalid, and is told in one line.</summary>
internal sealed class BenchException(string message) : Exception(message);
