namespace Standalone;

/// <summary>A replica of a service and where it listens.</summary>
internal sealed record Replica(string Service, int Number, int Port)
{
    public string Name => $"{Service}-{Number}";

    public string Address => $"127.0.0.1:{Port}";
}
