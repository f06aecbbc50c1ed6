using LoadBalancer.Configuration;

namespace LoadBalancer.Layer7.Requests;

/// <summary>What is asked of every request, whatever its route, as the configuration has it now.</summary>
internal sealed class RequestRules
{
    private volatile Rules _current = new(new(new()), new([]));

    public ForwardedHeaders Forwarded => _current.Forwarded;

    public HostRules Hosts => _current.Hosts;

    /// <summary>Takes new options.</summary>
    public void Apply(Layer7Options options) => _current = new(new(options.ForwardedHeaders), new(options.AllowedHosts));

    private sealed record Rules(ForwardedHeaders Forwarded, HostRules Hosts);
}
