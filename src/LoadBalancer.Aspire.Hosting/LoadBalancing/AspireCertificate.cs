using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.LoadBalancing;

/// <summary>The certificate that Aspire's <c>WithHttpsCertificate</c> gives a balancer.</summary>
[AspireExportIgnore(Reason = "Not for AppHosts.")]
internal static class AspireCertificate
{
    private const string Name = "WithHttpsCertificate";

    /// <summary>
    /// Lets the HTTPS listeners that have none for all names present it. The developer certificate is left alone: the
    /// balancer finds it in the user's store itself, so that its key is written to no file.
    /// </summary>
    public static IResourceBuilder<Layer7LoadBalancerResource> WithCertificateOfAspire(this IResourceBuilder<Layer7LoadBalancerResource> builder)
    {
        var balancer = builder.Resource;
        // Certificates of resources are experimental in Aspire 13.5; there is no other way to its own.
#pragma warning disable ASPIRECERTIFICATES001
        return builder.WithHttpsCertificateConfiguration(context =>
        {
            if (!balancer.TryGetLastAnnotation<HttpsCertificateAnnotation>(out var given) || given.Certificate is null)
            {
                return Task.CompletedTask;
            }
#pragma warning restore ASPIRECERTIFICATES001

            foreach (var (listener, options) in balancer.Listeners)
            {
                if (options.Tls is { } tls && tls.Certificates.Values.All(certificate => certificate.ServerNames.Length > 0))
                {
                    var variables = $"LoadBalancer__Layer7__Listeners__{listener}__Tls__Certificates__{Name}__";
                    context.EnvironmentVariables[$"{variables}Path"] = context.PfxPath;
                    if (context.Password is { } password)
                    {
                        context.EnvironmentVariables[$"{variables}Password"] = password;
                    }
                }
            }

            return Task.CompletedTask;
        });
    }
}
