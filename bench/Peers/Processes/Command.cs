namespace Peers.Processes;

/// <summary>A program and its arguments.</summary>
internal sealed record Command(string File, params IReadOnlyList<string> Arguments)
{
    /// <summary>Runs a .NET program with the host that runs this one.</summary>
    public static Command Dotnet(string assembly, params IEnumerable<string> arguments) =>
        new(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [assembly, .. arguments]);
}
