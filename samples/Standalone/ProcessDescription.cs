namespace Standalone;

/// <summary>A process of the topology: what to run, and how to know that it answers.</summary>
internal sealed record ProcessDescription
{
    public required ProcessKind Kind { get; init; }

    /// <summary>The replica's name, such as <c>catalog-1</c>.</summary>
    public required string Name { get; init; }

    public required string FileName { get; init; }

    public required IReadOnlyList<string> Arguments { get; init; }

    public required string Directory { get; init; }

    /// <summary>Added to this process's own; null takes a variable away.</summary>
    public required IReadOnlyDictionary<string, string?> Environment { get; init; }

    /// <summary>Where it listens, for people.</summary>
    public required string Address { get; init; }

    /// <summary>Whether it answers.</summary>
    public required Func<CancellationToken, Task<bool>> IsReadyAsync { get; init; }

    /// <summary>Added to the message when it does not start.</summary>
    public string Advice { get; init; } = "";
}
