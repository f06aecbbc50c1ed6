namespace Standalone;

/// <summary>A replica of a service and where it listens.</summary>
/// <param name="Service">The service.</param>
/// <param name="Program">The sample that it runs.</param>
/// <param name="Number">From 1.</param>
/// <param name="Port">Its port.</param>
/// <param name="TlsPort">Its port for TLS, where it ends TLS itself.</param>
internal sealed record Replica(string Service, string Program, int Number, int Port, int? TlsPort)
{
    public string Name => $"{Service}-{Number}";

    public string Address => $"127.0.0.1:{Port}";
}
