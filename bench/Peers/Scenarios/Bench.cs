using Peers.Processes;

namespace Peers.Scenarios;

/// <summary>What every measurement needs.</summary>
internal sealed class Bench : IDisposable
{
    private readonly OrphanGuard _guard = new();

    public Bench()
    {
        Tools = new ToolRunner(_guard);
        CertificatePath = Certificate.Write(Work.Create("certificate"));
    }

    public ToolRunner Tools { get; }

    public WorkDirectory Work { get; } = new();

    /// <summary>Certificate and key.</summary>
    public string CertificatePath { get; }

    /// <summary>Starts a server.</summary>
    public ProcessGroup Start(Command command) => ProcessGroup.Start(command, _guard);

    public void Dispose()
    {
        Work.Dispose();
        _guard.Dispose();
    }
}
