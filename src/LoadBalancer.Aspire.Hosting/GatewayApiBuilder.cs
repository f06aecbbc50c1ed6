using System.Text.RegularExpressions;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.LoadBalancing;

namespace Aspire.Hosting;

/// <summary>Configures the resources of the Kubernetes Gateway API that a load balancer is published as.</summary>
[AspireExport(ExposeMethods = true)]
public sealed partial class GatewayApiBuilder
{
    private const int MaxNameLength = 63;

    private readonly LoadBalancerResource _balancer;

    internal GatewayApiBuilder(LoadBalancerResource balancer, GatewayApiOptions options)
    {
        _balancer = balancer;
        Options = options;
    }

    internal GatewayApiOptions Options { get; private set; }

    /// <summary>Sets the namespace of all resources. Default: none, so that they go where they are applied.</summary>
    /// <param name="name">A namespace: lower-case letters, digits and <c>-</c>, at most 63.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not a namespace.</exception>
    public GatewayApiBuilder WithNamespace(string name)
    {
        CheckName(name, "a namespace", nameof(name));
        Options = Options with { Namespace = name };
        return this;
    }

    /// <summary>Sets the release of the Gateway API that the cluster has. Default: <see cref="GatewayApiVersion.V16"/>.</summary>
    /// <param name="version">The release.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="version"/> is not a release.</exception>
    public GatewayApiBuilder WithVersion(GatewayApiVersion version)
    {
        Contract.CheckDefined(version, nameof(version));
        Options = Options with { Version = version };
        return this;
    }

    /// <summary>
    /// Writes what only the experimental channel has: retries and session persistence. Default: the standard channel,
    /// and both are listed as not mapped.
    /// </summary>
    /// <returns>This builder.</returns>
    public GatewayApiBuilder WithExperimentalChannel()
    {
        Options = Options with { IsExperimental = true };
        return this;
    }

    /// <summary>
    /// Sets the Kubernetes Service of a backend. Default: the one that Aspire's Kubernetes publisher makes, which is
    /// <c>&lt;resource&gt;-service</c> with the endpoint's port.
    /// </summary>
    /// <param name="backend">The endpoint that the balancer sends to.</param>
    /// <param name="name">Name of the Service: lower-case letters, digits and <c>-</c>, at most 63.</param>
    /// <param name="port">Port of the Service, 1 to 65535. Default: the endpoint's.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException"><paramref name="name"/> is not the name of a Service.</exception>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="port"/> is not a port.</exception>
    public GatewayApiBuilder WithService(EndpointReference backend, string name, int? port = null)
    {
        ArgumentNullException.ThrowIfNull(backend);
        CheckName(name, "a Service", nameof(name));
        Contract.CheckPort(port, nameof(port));
        Options = Options with { Services = new(Options.Services) { [(backend.Resource.Name, backend.EndpointName)] = (name, port) } };
        return this;
    }

    /// <summary>
    /// Sets the Secrets with the certificates of a listener that ends TLS. Default: one for each certificate of the
    /// listener, <c>&lt;balancer&gt;-&lt;listener&gt;-&lt;certificate&gt;</c>, or <c>&lt;balancer&gt;-&lt;listener&gt;-tls</c>
    /// where it has none.
    /// </summary>
    /// <param name="listener">Name of the listener.</param>
    /// <param name="secrets">Names of Secrets of the type <c>kubernetes.io/tls</c>, at least one.</param>
    /// <returns>This builder.</returns>
    /// <exception cref="ArgumentException">
    /// <paramref name="listener"/> is not a listener that ends TLS, or one of <paramref name="secrets"/> is not the name of a Secret.
    /// </exception>
    [AspireExportIgnore(Reason = "Other languages have no parameters of any number.")]
    public GatewayApiBuilder WithCertificateSecrets(string listener, params string[] secrets)
    {
        ArgumentNullException.ThrowIfNull(listener);
        foreach (var secret in Contract.NotEmpty(secrets, nameof(secrets)))
        {
            CheckName(secret, "a Secret", nameof(secrets));
        }

        if (_balancer is not Layer7LoadBalancerResource edge || !edge.Listeners.TryGetValue(listener, out var options) || options.Tls is null)
        {
            throw new ArgumentException($"'{_balancer.Name}' has no listener '{listener}' that ends TLS; it must be added before.", nameof(listener));
        }

        Options = Options with { Secrets = new(Options.Secrets, StringComparer.OrdinalIgnoreCase) { [listener] = secrets } };
        return this;
    }

    /// <inheritdoc cref="WithCertificateSecrets"/>
    [AspireExport("GatewayApiBuilder.withCertificateSecrets", MethodName = "withCertificateSecrets")]
    internal GatewayApiBuilder CertificateSecretsOf(string listener, string[] secrets) => WithCertificateSecrets(listener, secrets);

    internal static void CheckName(string name, string ofWhat, string argument)
    {
        ArgumentNullException.ThrowIfNull(name, argument);
        if (name.Length > MaxNameLength || !Label().IsMatch(name))
        {
            throw new ArgumentException($"'{name}' is not the name of {ofWhat}; must be at most {MaxNameLength} lower-case letters, digits and '-', with a letter or digit at both ends.", argument);
        }
    }

    [GeneratedRegex(@"^[a-z0-9]([-a-z0-9]*[a-z0-9])?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Label();
}
