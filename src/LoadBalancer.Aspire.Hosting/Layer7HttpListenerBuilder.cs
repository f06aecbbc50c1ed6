using LoadBalancer.Configuration;

namespace Aspire.Hosting;

/// <summary>Configures a listener of a Layer 7 load balancer that speaks HTTP in clear text.</summary>
[AspireExport(ExposeMethods = true)]
public sealed class Layer7HttpListenerBuilder : Layer7ListenerBuilder<Layer7HttpListenerBuilder>
{
    internal Layer7HttpListenerBuilder(Layer7ListenerOptions options)
        : base(options)
    {
    }

    /// <summary>Answers every request with 308 and the same address under <c>https</c>. Default: requests are served.</summary>
    /// <param name="port">Port that clients are sent to, 1 to 65535. Default: that of the one HTTPS listener; must be given where there are several.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="port"/> is not a port.</exception>
    public Layer7HttpListenerBuilder WithRedirectToHttps(int? port = null) => With(Options with { RedirectToHttps = new() { Port = port } }, nameof(port));
}
