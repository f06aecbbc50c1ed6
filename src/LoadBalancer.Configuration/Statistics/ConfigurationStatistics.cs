namespace LoadBalancer.Configuration.Statistics;

/// <summary>The configuration in force.</summary>
/// <param name="File">Path of the file.</param>
/// <param name="LoadedAt">When the configuration in force was read, UTC.</param>
/// <param name="Reloads">Times a changed file came into force since the start.</param>
/// <param name="Rejected">Times a changed file was refused since the start.</param>
/// <param name="Errors">Why the newest file is not in force; empty when it is.</param>
public sealed record ConfigurationStatistics(
    string File,
    DateTimeOffset LoadedAt,
    long Reloads,
    long Rejected,
    IReadOnlyList<string> Errors);
