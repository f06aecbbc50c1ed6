namespace Peers.Processes;

/// <summary>A program and its arguments.</summary>
internal sealed record Command(string File, params IReadOnlyList<string> Arguments)
{
    /// <summary>Environment variables that it has beside those that everybody has.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Runs a .NET program with the host that runs this one.</summary>
    public static Command Dotnet(string assembly, params IEnumerable<string> arguments) =>
        new(System.Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [assembly, .. arguments]);
}
