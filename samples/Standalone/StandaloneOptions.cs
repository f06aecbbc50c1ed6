namespace Standalone;

internal sealed record StandaloneOptions
{
    public required PortOption Edge { get; init; }

    public required PortOption EdgeHttps { get; init; }

    public required PortOption EdgeAdmin { get; init; }

    public required PortOption Wire { get; init; }

    public required PortOption WireUdp { get; init; }

    public required PortOption WireCatalog { get; init; }

    public required PortOption WireTls { get; init; }

    public required PortOption WireAdmin { get; init; }

    public required PortOption Dashboard { get; init; }

    public required PortOption OtlpGrpc { get; init; }

    public required PortOption OtlpHttp { get; init; }

    public required bool NoDashboard { get; init; }

    public required string? Work { get; init; }

    /// <summary>The steps of the tour to run; none for all of them, and null for no tour.</summary>
    public required IReadOnlyList<string>? Tour { get; init; }
}
