namespace LoadBalancer.Layer4.Nat;

/// <summary>The parts of the system that translated listeners share.</summary>
/// <param name="Table">This process's table.</param>
/// <param name="Conntrack">The kernel's connection table.</param>
/// <param name="ReadKernel">Reads the kernel's settings.</param>
internal sealed record NatSystem(NatTable Table, Conntrack Conntrack, Func<NatKernel> ReadKernel) : IAsyncDisposable
{
    /// <summary>Checks what is needed, and puts this process's table in place.</summary>
    /// <param name="balancer">The balancer's name.</param>
    /// <exception cref="NatException">Something is missing, or nft refuses; the message is one line.</exception>
    public static async Task<NatSystem> StartAsync(string balancer) => new(
        await NatTable.CreateAsync(NatSupport.Require([]), balancer),
        new Conntrack(SystemTool.Find("conntrack", [])),
        NatKernel.Read);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => Table.DisposeAsync();
}
